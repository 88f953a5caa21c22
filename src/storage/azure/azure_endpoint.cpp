#include "storage/azure/azure_endpoint.h"

#include <algorithm>
#include <fmt/format.h>

#include "codec/digest.h"
#include "codec/text.h"
#include "storage/azure/azure_errors.h"

namespace holdfast::storage {

namespace {

constexpr std::string_view kVersion = "2021-12-02";  // of the service's interface
// A page of 1,000 blobs with 8 KiB of metadata each, or the list of 50,000 blocks.
constexpr std::size_t kLargestAnswer = 16 << 20;
constexpr Duration kSourceValid = std::chrono::hours(1);

[[noreturn]] void bad_answer(const AzureCall& call, std::string_view why) {
  throw Failed(AzureEndpoint::describe(call), fmt::format("the storage's answer {}", why),
               "check that the endpoint is Azure's Blob service");
}

std::string url_of(const AzureOptions& options) {
  if (options.endpoint.empty()) {
    return fmt::format("https://{}.blob.core.windows.net", options.account.name);
  }
  return options.endpoint;
}

}  // namespace

bool has_condition(const AzureCall& call) {
  return std::any_of(call.headers.begin(), call.headers.end(),
                     [](const auto& header) { return header.first.starts_with("if-"); });
}

AzureEndpoint::AzureEndpoint(const AzureOptions& options)
    : options_(options),
      write_retry_(options.write_retry),
      client_(options.client),
      held_(options.held_bytes) {
  const std::string whole = url_of(options);
  std::string_view url = whole;
  std::size_t start = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  std::size_t end = std::min(url.find('/', start), url.size());
  if (start == 0 || end == start || url.find_first_of("?#@ ") != std::string_view::npos) {
    throw InvalidArgument(fmt::format("Azure endpoint '{}'", url.substr(0, 200)),
                          "it is not of the form http(s)://host[:port]");
  }
  scheme_ = url.substr(0, start);
  host_ = url.substr(start, end - start);
  base_path_ = url.substr(end);
  while (base_path_.ends_with('/')) base_path_.pop_back();
  // An endpoint that does not name the account in its host has it first in the path.
  if (base_path_.empty() && !host_.starts_with(options.account.name + ".")) {
    base_path_ = "/" + options.account.name;
  }
  if (!options.signature.empty()) {
    auto parameters = codec::parse_azure_signature(options.signature.reveal());
    if (!parameters) {
      throw InvalidArgument("shared access signature", "it has no version (sv) and signature (sig)",
                            "copy it whole, as the portal shows it");
    }
    signature_ = std::move(*parameters);
  } else if (!codec::is_azure_key(options.account.key)) {
    throw InvalidArgument("key of storage account " + options.account.name, "it is not base64",
                          "copy the account's key as the portal shows it");
  }
  const Secret& secret = signature_.empty() ? options.account.key : options.signature;
  seal_key_ = codec::hmac_sha256(secret.reveal(), "holdfast azure upload id");
}

std::string AzureEndpoint::path_of(const ObjectRef& target) const {
  std::string path = base_path_;
  if (target.bucket.empty()) return path + "/";
  path += "/" + codec::uri_encode(target.bucket, codec::Slash::kEncode);
  if (!target.key.empty()) path += "/" + codec::uri_encode(target.key, codec::Slash::kKeep);
  return path;
}

std::string AzureEndpoint::describe(const AzureCall& call) {
  if (call.target.bucket.empty()) return call.verb;
  if (call.target.key.empty()) return call.verb + " " + call.target.bucket;
  return call.verb + " " + call.target.text();
}

std::string AzureEndpoint::source_url(const ObjectRef& source, WallTime now) const {
  std::string url = scheme_ + host_ + path_of(source) + "?";
  if (!signature_.empty()) return url + codec::build_query(signature_);
  return url + codec::azure_read_signature(options_.account, source.bucket, source.key,
                                           now + kSourceValid);
}

std::unique_ptr<http::Exchange> AzureEndpoint::send(const Context& context, const AzureCall& call,
                                                    Source* body) {
  codec::SignedRequest request{.method = std::string(call.method),
                               .path = path_of(call.target),
                               .query = call.query,
                               .headers = call.headers};
  request.headers.emplace_back("x-ms-version", kVersion);
  const std::uint64_t size = body ? body->size().value() : 0;
  if (signature_.empty()) {
    codec::add_shared_key(request, size, options_.account, context.clock().now());
  } else {
    request.query.insert(request.query.end(), signature_.begin(), signature_.end());
  }
  http::Request wire{.method = request.method,
                     .url = scheme_ + host_ + request.path,
                     .headers = std::move(request.headers)};
  if (!request.query.empty()) wire.url += "?" + codec::build_query(request.query);
  wire.body = body;
  wire.expect_continue = size >= kAskFirst;
  auto exchange = client_.send(context, wire);
  if (exchange->status() >= 200 && exchange->status() < 300) return exchange;
  AzureFault fault =
      read_azure_fault(exchange->status(), exchange->header("x-ms-error-code").value_or(""),
                       read_some(*exchange, kLargestErrorDocument));
  fault.about_container = call.target.key.empty();
  fault.conditional_write = call.conditional_write;
  throw_fault(fault, describe(call));
}

codec::XmlElement AzureEndpoint::send_for_xml(const Context& context, const AzureCall& call,
                                              std::string_view root) {
  return within(context, options_.request_timeout, describe(call), [&](const Context& shorter) {
    auto exchange = send(shorter, call);
    std::string document = read_some(*exchange, kLargestAnswer + 1);
    std::size_t start = std::min(document.find('<'), document.size());  // a byte order mark
    codec::XmlElement element;
    try {
      element = codec::parse_xml(std::string_view(document).substr(start), kLargestAnswer);
    } catch (const InvalidArgument&) {
      bad_answer(call, "is not the XML that Azure sends");
    }
    if (element.name != root) bad_answer(call, fmt::format("is another document than {}", root));
    return element;
  });
}

AzureStamp AzureEndpoint::send_for_stamp(const Context& context, const AzureCall& call,
                                         Source* body) {
  return within(context, options_.request_timeout, describe(call), [&](const Context& shorter) {
    auto exchange = send(shorter, call, body);
    AzureStamp stamp{.revision = unquoted(exchange->header("etag").value_or(""))};
    if (auto text = exchange->header("last-modified")) {
      try {
        stamp.modified = parse_http_date(*text);
      } catch (const InvalidArgument&) {
        bad_answer(call, "has no good Last-Modified");
      }
    }
    read_some(*exchange, kLargestErrorDocument);  // to its end, so that the connection is kept
    return stamp;
  });
}

}  // namespace holdfast::storage
