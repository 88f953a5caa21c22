#include "gateway/gateway.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "gateway/auth/authenticator.h"
#include "gateway/call.h"
#include "gateway/errors.h"
#include "gateway/route.h"
#include "gateway/target.h"

namespace holdfast::gateway {

struct Gateway::State {
  State(GatewayOptions given, storage::Storage& storage_)
      : authenticator(std::move(given.keys), given.clock_skew),
        options(std::move(given)),
        storage(storage_) {}

  Authenticator authenticator;
  GatewayOptions options;  // without the keys, which the authenticator has
  storage::Storage& storage;
};

Gateway::Gateway(GatewayOptions options, storage::Storage& storage)
    : state_(std::make_unique<State>(std::move(options), storage)) {}

Gateway::~Gateway() = default;

namespace {

http::ServerResponse plain_text(int status, std::string text) {
  http::ServerResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "text/plain");
  response.text = std::move(text);
  return response;
}

// The answer to a health probe; nullopt for every other request.
std::optional<http::ServerResponse> health(const Context& context,
                                           const http::ServerRequest& request,
                                           storage::Storage& storage) {
  const std::string_view path =
      std::string_view(request.target).substr(0, request.target.find('?'));
  const bool live = path == "/minio/health/live";
  if (!live && path != "/-/health" && path != "/minio/health/ready") return std::nullopt;
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  http::ServerResponse response = plain_text(200, "ok\n");
  if (!live) {
    try {
      if (auto* buckets = storage.buckets()) buckets->list(context);
    } catch (const Error& error) {
      log::warning(context, "health: " + error.to_string());
      response = plain_text(503, "the storage does not answer\n");
    }
  }
  if (request.method == "HEAD") {
    response.head_only = true;
    response.length = response.text.size();
    response.text.clear();
  }
  return response;
}

void check_names(const Target& target) {
  if (!target.bucket.empty()) storage::check_bucket_name(target.bucket);
  if (!target.key.empty()) storage::check_key(target.key);
}

}  // namespace

http::ServerResponse Gateway::handle(const Context& context, http::ServerRequest& request) {
  if (auto probe = health(context, request, state_->storage)) return std::move(*probe);
  const std::string request_id = random_hex(8);
  std::string resource = request.target.substr(0, request.target.find('?'));
  http::ServerResponse response;
  auto fail = [&](const Error& error) {
    const S3Error s3 = to_s3_error(error);
    if (s3.status >= 500 && s3.status != 501) {
      log::error(context, fmt::format("request {} {} {}: {}", request_id, request.method, resource,
                                      error.to_string()));
    }
    response = error_response(s3, resource, request_id, request.method == "HEAD");
  };
  try {
    const Target target =
        parse_target(request.target, request.header("host").value_or(""), state_->options.domain);
    resource = target.path();
    const codec::SignedRequest to_verify{request.method, target.raw_path, target.query,
                                         request.headers};
    const Identity identity = state_->authenticator.authenticate(to_verify, context.clock().now());
    const Route& route = find_route(request, target);
    check_names(target);
    Call call{context,
              state_->options,
              state_->storage,
              request,
              target,
              identity,
              Permissions(*identity.key, state_->options.catalog_prefix),
              request_id};
    response = route.run(call);
  } catch (const Error& error) {
    fail(error);
  } catch (const std::exception& error) {
    fail(Failed("answer the request", error.what()));
  }
  response.headers.emplace_back("x-amz-request-id", request_id);
  response.headers.emplace_back("x-amz-id-2", "holdfast");
  response.headers.emplace_back("Server", "holdfast");
  return response;
}

}  // namespace holdfast::gateway
