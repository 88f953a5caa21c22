#include "gateway/gateway.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "gateway/auth/access_rules.h"
#include "gateway/auth/authenticator.h"
#include "gateway/call.h"
#include "gateway/cors.h"
#include "gateway/errors.h"
#include "gateway/ops/form_upload.h"
#include "gateway/route.h"
#include "gateway/target.h"

namespace holdfast::gateway {

namespace {

constexpr std::string_view kLivePath = "/minio/health/live", kReadyPath = "/minio/health/ready";
constexpr std::string_view kHealthPath = "/-/health", kMetricsPath = "/-/metrics";

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

// What is counted beside the operations of the route table, as labels behind theirs.
constexpr std::string_view kOwnLabels[] = {"Health", "Metrics", "Unrouted", "PostObject"};
enum class OwnLabel { kHealth, kMetrics, kUnrouted, kForm };

int label_of(OwnLabel own) { return int(routes().size()) + int(own); }

std::vector<std::string_view> counted_operations() {
  std::vector<std::string_view> names;
  for (const Route& route : routes()) names.push_back(route.name);
  names.insert(names.end(), std::begin(kOwnLabels), std::end(kOwnLabels));
  return names;
}

http::ServerResponse plain_text(int status, std::string text, OwnLabel label) {
  http::ServerResponse response;
  response.status = status;
  // The version is that of Prometheus' text format; to a health probe it means nothing.
  response.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.text = std::move(text);
  response.label = label_of(label);
  return response;
}

void add_our_headers(http::ServerResponse& response, const std::string& request_id) {
  response.headers.emplace_back("x-amz-request-id", request_id);
  response.headers.emplace_back("x-amz-id-2", "holdfast");
  response.headers.emplace_back("Server", "holdfast");
}

void check_names(const Target& target) {
  if (!target.bucket.empty()) storage::check_bucket_name(target.bucket);
  if (!target.key.empty()) storage::check_key(target.key);
}

}  // namespace

struct Gateway::State {
  State(GatewayOptions given, storage::Storage& storage_)
      : authenticator(std::move(given.keys), given.clock_skew),
        options(std::move(given)),
        storage(storage_),
        metrics(counted_operations()) {}

  http::ServerResponse health(const Context& context, bool ask_storage);
  // The answer to a probe or a scrape; nullopt for every other request.
  std::optional<http::ServerResponse> own_page(const Context& context,
                                               const http::ServerRequest& request);
  // Runs the operation that is asked for; `label` is its number as soon as it is known, and
  // `target` what it is about.
  http::ServerResponse run(const Context& context, http::ServerRequest& request,
                           const std::string& request_id, int& label, Target& target);

  Authenticator authenticator;
  GatewayOptions options;  // without the keys, which the authenticator has
  storage::Storage& storage;
  Metrics metrics;
};

Gateway::Gateway(GatewayOptions options, storage::Storage& storage)
    : state_(std::make_unique<State>(std::move(options), storage)) {}

Gateway::~Gateway() = default;

bool Gateway::is_own_page(std::string_view target) {
  const std::string_view path = path_of(target);
  return path == kLivePath || path == kReadyPath || path == kHealthPath || path == kMetricsPath;
}

http::ServerResponse Gateway::State::health(const Context& context, bool ask_storage) {
  try {
    if (auto* buckets = ask_storage ? storage.buckets() : nullptr) buckets->list(context);
    return plain_text(200, "ok\n", OwnLabel::kHealth);
  } catch (const Error& error) {
    metrics.count_trouble(error.kind());
    log::warning(context, "health: " + error.to_string());
    return plain_text(503, "the storage does not answer\n", OwnLabel::kHealth);
  }
}

std::optional<http::ServerResponse> Gateway::State::own_page(const Context& context,
                                                             const http::ServerRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  const std::string_view path = path_of(request.target);
  http::ServerResponse response;
  if (path == kLivePath) {
    response = health(context, false);
  } else if (path == kHealthPath || path == kReadyPath) {
    response = health(context, true);
  } else if (path == kMetricsPath && options.metrics) {
    response = plain_text(200, metrics.text(options.gauges ? options.gauges() : ServerGauges()),
                          OwnLabel::kMetrics);
  } else {
    return std::nullopt;
  }
  if (request.method == "HEAD") {
    response.head_only = true;
    response.length = response.text.size();
    response.text.clear();
  }
  return response;
}

http::ServerResponse Gateway::State::run(const Context& context, http::ServerRequest& request,
                                         const std::string& request_id, int& label,
                                         Target& target) {
  target = parse_target(request.target, request.header("host").value_or(""), options.domain);
  if (request.method == "OPTIONS") {  // which nobody signs
    check_names(target);
    return preflight(context, storage, request, target);
  }
  if (is_form_upload(request, target)) {  // whose signature lies in its body
    label = label_of(OwnLabel::kForm);
    check_names(target);
    return post_form(context, options, storage, authenticator, request, target, request_id);
  }
  const codec::SignedRequest to_verify{request.method, target.raw_path, target.query,
                                       request.headers};
  const Identity identity = authenticator.authenticate(to_verify, context.clock().now());
  const Route& route = find_route(request, target);
  label = int(&route - routes().data());
  check_names(target);
  Call call{context,
            options,
            storage,
            request,
            target,
            identity,
            Permissions(*identity.key, options.catalog_prefix),
            request_id};
  require_access(call, route.name);
  return route.run(call);
}

http::ServerResponse Gateway::handle(const Context& context, http::ServerRequest& request) {
  if (auto page = state_->own_page(context, request)) return std::move(*page);
  const std::string request_id = random_hex(8);
  std::string resource = request.target.substr(0, request.target.find('?'));
  int label = label_of(OwnLabel::kUnrouted);
  http::ServerResponse response;
  Target target;
  auto fail = [&](const Error& error) {
    if (!target.bucket.empty()) resource = target.path();
    const S3Error s3 = to_s3_error(error);
    if (s3.status >= 500 && s3.status != 501) {
      state_->metrics.count_trouble(error.kind());
      log::error(context, fmt::format("request {} {} {}: {}", request_id, request.method, resource,
                                      error.to_string()));
    }
    response = error_response(s3, resource, request_id, request.method == "HEAD");
  };
  try {
    response = state_->run(context, request, request_id, label, target);
  } catch (const Error& error) {
    fail(error);
  } catch (const std::exception& error) {
    fail(Failed("answer the request", error.what()));
  }
  // Refusals too: a browser shows the page only what it may read.
  if (request.method != "OPTIONS" && request.header("origin")) {
    add_cors_headers(context, state_->storage, request, target, response);
  }
  response.label = label;
  add_our_headers(response, request_id);
  return response;
}

void Gateway::note(const http::AccessRecord& record) { state_->metrics.count(record); }

}  // namespace holdfast::gateway
