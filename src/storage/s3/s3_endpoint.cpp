#include "storage/s3/s3_endpoint.h"

#include <fmt/format.h>

#include "codec/text.h"
#include "storage/s3/s3_errors.h"
#include "storage/s3/s3_headers.h"

namespace holdfast::storage {

namespace {

codec::XmlElement parse_answer(std::string_view document, std::string_view root,
                               const S3Call& call) {
  // Blanks may precede the document: they kept the connection alive while it was made.
  std::size_t start = document.find_first_not_of(" \t\r\n");
  document.remove_prefix(start == std::string_view::npos ? document.size() : start);
  if (document.empty() && root.empty()) return {};
  codec::XmlElement element;
  try {
    element = codec::parse_xml(document);
  } catch (const InvalidArgument&) {
    throw Failed(S3Endpoint::describe(call), "the storage's answer is not the XML that S3 sends",
                 "check that the endpoint speaks the S3 protocol");
  }
  if (element.name == "Error") {
    S3Fault fault = read_fault(500, element);  // it came too late for a status of its own
    fault.conditional_write = call.conditional_write;
    throw_fault(fault, S3Endpoint::describe(call));
  }
  if (element.name != root) {
    throw Failed(S3Endpoint::describe(call),
                 fmt::format("the storage answered another document than {}", root),
                 "check that the endpoint speaks the S3 protocol");
  }
  return element;
}

}  // namespace

S3Endpoint::S3Endpoint(const S3Options& options)
    : options_(options),
      credentials_(options.credential_source ? options.credential_source
                                             : fixed_credentials(options.credentials)),
      client_(options.client) {
  std::string_view url = options_.endpoint;
  std::size_t start = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  std::size_t end = std::min(url.find('/', start), url.size());
  if (start == 0 || end == start || url.find_first_of("?#@ ") != std::string_view::npos) {
    throw InvalidArgument(fmt::format("S3 endpoint '{}'", url.substr(0, 200)),
                          "it is not of the form http(s)://host[:port]");
  }
  scheme_ = url.substr(0, start);
  host_ = url.substr(start, end - start);
  base_path_ = url.substr(end);
  while (base_path_.ends_with('/')) base_path_.pop_back();
}

bool S3Endpoint::in_path(const ObjectRef& target) const {
  return options_.path_style ||
         (scheme_ == "https://" && target.bucket.find('.') != std::string::npos);
}

std::string S3Endpoint::host_of(const ObjectRef& target) const {
  return in_path(target) || target.bucket.empty() ? host_ : target.bucket + "." + host_;
}

std::string S3Endpoint::path_of(const ObjectRef& target) const {
  std::string path = base_path_;
  if (in_path(target) && !target.bucket.empty()) {
    path += "/" + codec::uri_encode(target.bucket, codec::Slash::kEncode);
  }
  if (path.empty() || !target.key.empty()) path += "/";
  return path + codec::uri_encode(target.key, codec::Slash::kKeep);
}

std::string S3Endpoint::describe(const S3Call& call) {
  if (call.target.bucket.empty()) return call.verb;
  if (call.target.key.empty()) return call.verb + " " + call.target.bucket;
  return call.verb + " " + call.target.text();
}

namespace {

void check_encrypted(const http::Exchange& exchange, const S3Call& call) {
  if (!call.with_customer_key && call.encryption.empty()) return;
  const Encryption done = read_encryption(exchange);
  const bool good = call.with_customer_key ? done.customer : done.algorithm == call.encryption;
  if (good) return;
  throw Unsupported::with_code(
      "NotImplemented", S3Endpoint::describe(call),
      "the storage does not confirm the encryption: what was sent may lie there in the clear",
      "remove it, and use a storage that encrypts");
}

}  // namespace

void S3Call::encrypt(const EncryptionRequest& request) {
  constexpr std::string_view kHeader = "x-amz-server-side-encryption";
  add_customer_key(headers, request.customer_key);
  with_customer_key = !request.customer_key.empty();
  encryption = request.algorithm;
  if (!request.algorithm.empty()) headers.emplace_back(kHeader, request.algorithm);
  if (request.key_id.empty()) return;
  headers.emplace_back(std::string(kHeader) + "-aws-kms-key-id", request.key_id);
}

namespace {

// The body's chunks are signed after the request, each after the one before.
void go_on_signing(SignedChunks& chunks, const codec::SignedRequest& request,
                   const codec::Credentials& credentials) {
  const auto claim = codec::parse_claim(request);
  if (!claim) throw Failed("sign the chunks of a body", "the request was not signed");
  chunks.sign_with({codec::signing_key(credentials.secret_key, claim->scope), claim->timestamp,
                    claim->scope, claim->signature});
}

}  // namespace

std::unique_ptr<http::Exchange> S3Endpoint::send(const Context& context, const S3Call& call,
                                                 S3Payload* payload) {
  codec::SignedRequest request{.method = std::string(call.method),
                               .path = path_of(call.target),
                               .query = call.query,
                               .headers = call.headers};
  request.headers.emplace_back("Host", host_of(call.target));
  std::string hash = codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kSha256, ""));
  if (payload) {
    hash = payload->hash;
    for (const auto& header : payload->headers) request.headers.push_back(header);
  }
  const codec::Credentials credentials = credentials_->get(context);
  codec::add_authorization(request, credentials, options_.region, context.clock().now(), hash);
  if (payload && payload->to_sign) go_on_signing(*payload->to_sign, request, credentials);
  http::Request wire{.method = request.method,
                     .url = scheme_ + host_of(call.target) + request.path,
                     .headers = std::move(request.headers)};
  if (!call.query.empty()) wire.url += "?" + codec::build_query(call.query);
  if (payload) {
    wire.body = payload->source;
    wire.expect_continue = payload->size >= kAskFirst;
  }
  auto exchange = client_.send(context, wire);
  if (exchange->status() >= 200 && exchange->status() < 300) {
    check_encrypted(*exchange, call);
    return exchange;
  }
  S3Fault fault = read_fault(exchange->status(), read_some(*exchange, kLargestErrorDocument));
  fault.about_bucket = call.target.key.empty();
  fault.conditional_write = call.conditional_write;
  if (fault.region.empty()) fault.region = exchange->header("x-amz-bucket-region").value_or("");
  if (fault.code == "ExpiredToken") credentials_->forget();
  fault.key_section = options_.key_section;
  if (auto named = options_.named_buckets.find(call.target.bucket);
      named != options_.named_buckets.end()) {
    fault.bucket_setting = named->second;
  }
  throw_fault(fault, describe(call));
}

codec::XmlElement S3Endpoint::send_for_xml(const Context& context, const S3Call& call,
                                           std::string_view root, const std::string* body) {
  return within(context, options_.request_timeout, describe(call), [&](const Context& shorter) {
    MemorySource source(body ? std::string_view(*body) : "");
    S3Payload payload = text_payload(source, body ? std::string_view(*body) : "");
    auto exchange = send(shorter, call, body ? &payload : nullptr);
    return parse_answer(read_some(*exchange, kLargestDocument), root, call);
  });
}

void S3Endpoint::send_for_nothing(const Context& context, const S3Call& call,
                                  const std::string* body) {
  within(context, options_.request_timeout, describe(call), [&](const Context& shorter) {
    MemorySource source(body ? std::string_view(*body) : "");
    S3Payload payload = text_payload(source, body ? std::string_view(*body) : "");
    auto exchange = send(shorter, call, body ? &payload : nullptr);
    read_some(*exchange, kLargestErrorDocument);  // to its end, so that the connection is kept
  });
}

}  // namespace holdfast::storage
