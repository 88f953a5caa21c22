#include "gateway/attributes.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "gateway/checksums.h"
#include "gateway/encryption.h"
#include "gateway/marks.h"
#include "gateway/text.h"

namespace holdfast::gateway {

namespace {

constexpr std::size_t kMostMetadata = 2048;
constexpr std::size_t kMostHeaders = 4096;  // of the kept standard headers together
constexpr std::string_view kMetaPrefix = "x-amz-meta-";

constexpr std::array<std::string_view, 6> kKept = {"content-type",     "content-encoding",
                                                   "content-language", "content-disposition",
                                                   "cache-control",    "expires"};

struct NamedHeader {
  std::string_view lower, shown;
};
constexpr std::array kShown = {NamedHeader{"content-type", "Content-Type"},
                               NamedHeader{"content-encoding", "Content-Encoding"},
                               NamedHeader{"content-language", "Content-Language"},
                               NamedHeader{"content-disposition", "Content-Disposition"},
                               NamedHeader{"cache-control", "Cache-Control"},
                               NamedHeader{"expires", "Expires"}};

std::string without_aws_chunked(std::string_view encoding) {
  std::string result;
  for (std::string_view piece : split_list(encoding, ',')) {
    if (equal_ignoring_case(piece, "aws-chunked")) continue;
    if (!result.empty()) result += ",";
    result += piece;
  }
  return result;
}

void add_metadata(storage::Attributes& attributes, const std::string& name,
                  std::string_view value) {
  std::string& kept = attributes.metadata[name];
  // A name given twice is one header with both values.
  if (!kept.empty()) kept += ",";
  kept += value;
}

}  // namespace

storage::Attributes attributes_of(const http::ServerRequest& request) {
  storage::Attributes attributes;
  std::size_t metadata_size = 0, headers_size = 0;
  for (const auto& [name, raw] : request.headers) {
    const std::string lower = to_lower(name);
    const std::string_view value = trim(raw);
    if (lower.starts_with(kMetaPrefix) && lower.size() > kMetaPrefix.size()) {
      metadata_size += lower.size() - kMetaPrefix.size() + value.size();
      add_metadata(attributes, lower.substr(kMetaPrefix.size()), value);
    } else if (std::find(kKept.begin(), kKept.end(), lower) != kKept.end()) {
      std::string text =
          lower == "content-encoding" ? without_aws_chunked(value) : std::string(value);
      headers_size += text.size();
      if (!text.empty()) attributes.headers[lower] = std::move(text);
    }
  }
  if (metadata_size > kMostMetadata || headers_size > kMostHeaders) {
    throw InvalidArgument::with_code("MetadataTooLarge", "read the metadata",
                                     "it is larger than allowed");
  }
  return attributes;
}

void refuse_foreign_access_lists(const http::ServerRequest& request) {
  for (const auto& [name, value] : request.headers) {
    const std::string lower = to_lower(name);
    bool foreign = lower.starts_with("x-amz-grant-");
    if (lower == "x-amz-acl") {
      // With one owner for all, these three say the same.
      const std::string acl = to_lower(trim(value));
      foreign =
          acl != "private" && acl != "bucket-owner-full-control" && acl != "bucket-owner-read";
    }
    if (foreign) {
      throw InvalidArgument::with_code("AccessControlListNotSupported", "read the access list",
                                       "only the owner's full control can be set");
    }
  }
}

namespace {

// Whether encryption.h knows it: other encryption headers would be lost.
bool is_known_encryption(std::string_view lower, bool copies) {
  for (std::string_view prefix : {kObjectKey, kSourceKey}) {
    if (!lower.starts_with(prefix) || (prefix == kSourceKey && !copies)) continue;
    lower.remove_prefix(prefix.size());
    return lower == "algorithm" || lower == "key" || lower == "key-md5";
  }
  return lower == "x-amz-server-side-encryption" ||
         lower == "x-amz-server-side-encryption-aws-kms-key-id";
}

}  // namespace

void refuse_unoffered_headers(const http::ServerRequest& request) {
  refuse_foreign_access_lists(request);
  const bool copies = request.header("x-amz-copy-source").has_value();
  for (const auto& [name, value] : request.headers) {
    const std::string lower = to_lower(name);
    if (lower == "x-amz-storage-class" && !equal_ignoring_case(trim(value), "STANDARD")) {
      throw InvalidArgument::with_code("InvalidStorageClass", "read the storage class",
                                       "only STANDARD is offered");
    }
    const bool encryption = lower.starts_with("x-amz-server-side-encryption") ||
                            lower.starts_with("x-amz-copy-source-server-side-encryption");
    if ((encryption && !is_known_encryption(lower, copies)) ||
        lower == "x-amz-website-redirect-location" || lower == "x-amz-write-offset-bytes") {
      throw Unsupported::with_code("NotImplemented", "read the headers",
                                   "header " + lower + " asks for what is not offered");
    }
  }
}

std::string quote_etag(const std::string& etag) { return '"' + etag + '"'; }

namespace {

// response-content-type=… replaces that header of a GET's answer.
std::optional<std::string> overridden(const ObjectHeaders& options, std::string_view lower) {
  if (!options.overrides) return std::nullopt;
  auto value = options.overrides->parameter("response-" + std::string(lower));
  if (!value) return std::nullopt;
  if (!is_header_value(*value)) {
    throw InvalidArgument::with_code("InvalidArgument", "read the query",
                                     "a response header would hold a control character");
  }
  return std::string(*value);
}

}  // namespace

void add_object_headers(http::ServerResponse& response, const storage::ObjectInfo& info,
                        const ObjectHeaders& options) {
  auto& headers = response.headers;
  headers.emplace_back("ETag", quote_etag(info.etag));
  headers.emplace_back("Last-Modified", format_http_date(info.modified));
  headers.emplace_back("Accept-Ranges", "bytes");
  add_encryption_headers(response, info.encryption, options.customer_key);
  for (const NamedHeader& name : kShown) {
    if (auto value = overridden(options, name.lower)) {
      headers.emplace_back(name.shown, *value);
      continue;
    }
    auto found = info.attributes.headers.find(std::string(name.lower));
    if (found != info.attributes.headers.end()) {
      headers.emplace_back(name.shown, found->second);
    } else if (name.lower == "content-type") {
      headers.emplace_back(name.shown, "binary/octet-stream");
    }
  }
  for (const auto& [name, value] : info.attributes.metadata) {
    headers.emplace_back(std::string(kMetaPrefix) + name, value);
  }
  add_version_headers(response, info);
  if (options.with_checksum && info.attributes.checksum) {
    add_checksum_headers(response, *info.attributes.checksum);
  }
}

}  // namespace holdfast::gateway
