#include "storage/s3/s3_headers.h"

#include <algorithm>
#include <fmt/format.h>

#include "codec/text.h"

namespace holdfast::storage {

namespace {

using codec::DigestAlgorithm;

constexpr std::string_view kStoredHeaders[] = {"content-type",     "content-encoding",
                                               "content-language", "content-disposition",
                                               "cache-control",    "expires"};
constexpr std::size_t kLongestWord = 2048;
constexpr std::string_view kMetadata = "x-amz-meta-";
constexpr DigestAlgorithm kAlgorithms[] = {DigestAlgorithm::kCrc32c, DigestAlgorithm::kCrc32,
                                           DigestAlgorithm::kCrc64Nvme, DigestAlgorithm::kSha256,
                                           DigestAlgorithm::kSha1};

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
  }
  return out;
}

std::string quoted_list(const std::vector<std::string>& etags) {
  std::string out;
  for (const std::string& etag : etags) {
    if (!out.empty()) out += ", ";
    out += quote_etag(etag);
  }
  return out;
}

// The ETags that If-Match may name, of both kinds of condition; empty: none is asked for.
std::vector<std::string> wanted_etags(const Condition& condition) {
  if (!condition.revision_is) return condition.etag_is;
  const auto& any = condition.etag_is;
  if (!any.empty() && std::find(any.begin(), any.end(), *condition.revision_is) == any.end()) {
    throw PreconditionFailed("conditional request", "no ETag can meet both conditions");
  }
  return {*condition.revision_is};
}

[[noreturn]] void bad_answer(const ObjectRef& ref, std::string_view lack) {
  throw Failed("read " + ref.text(), fmt::format("the storage's answer has {}", lack),
               "check that the endpoint speaks the S3 protocol");
}

std::uint64_t content_length(const http::Exchange& exchange, const ObjectRef& ref) {
  auto text = exchange.header("content-length");
  auto length = text ? parse_number(*text) : std::nullopt;
  if (!length) bad_answer(ref, "no good Content-Length");
  return *length;
}

std::optional<ContentRange> content_range(const http::Exchange& exchange, const ObjectRef& ref) {
  auto text = exchange.header("content-range");
  if (exchange.status() != 206 && !text) return std::nullopt;
  auto range = text ? parse_content_range(*text) : std::nullopt;
  if (!range) bad_answer(ref, "no good Content-Range");
  return range;
}

void read_attribute(Attributes& attributes, const std::string& name, const std::string& value) {
  std::string lower = lower_case(name);
  if (lower.starts_with(kMetadata)) {
    attributes.metadata[lower.substr(kMetadata.size())] = value;
    return;
  }
  auto known = std::find(std::begin(kStoredHeaders), std::end(kStoredHeaders), lower);
  if (known == std::end(kStoredHeaders)) return;
  // Some endpoints store the framing that an upload was sent in as if it were the object's.
  std::string stored = value;
  if (lower == "content-encoding" && stored.starts_with("aws-chunked")) {
    stored.erase(0, std::string_view("aws-chunked").size());
    while (stored.starts_with(',') || stored.starts_with(' ')) stored.erase(0, 1);
    if (stored.empty()) return;
  }
  attributes.headers[lower] = stored;
}

}  // namespace

unsigned parts_of_etag(std::string_view etag) {
  std::size_t dash = etag.rfind('-');
  if (dash == std::string_view::npos) return 0;
  auto number = parse_number(etag.substr(dash + 1));
  return number && *number <= 10'000 ? unsigned(*number) : 0;
}

void add_attributes(codec::Headers& headers, const Attributes& attributes) {
  for (const auto& [name, value] : attributes.headers) headers.emplace_back(name, value);
  for (const auto& [name, value] : attributes.metadata) {
    headers.emplace_back(std::string(kMetadata) + name, value);
  }
}

std::string checksum_header(DigestAlgorithm algorithm) {
  return "x-amz-checksum-" + lower_case(codec::name_of(algorithm));
}

void add_read_conditions(codec::Headers& headers, const Condition& condition,
                         std::string_view prefix) {
  auto add = [&](std::string_view name, std::string value) {
    headers.emplace_back(std::string(prefix) + std::string(name), std::move(value));
  };
  auto etags = wanted_etags(condition);
  if (!etags.empty()) add("if-match", quoted_list(etags));
  if (!condition.etag_is_not.empty()) add("if-none-match", quoted_list(condition.etag_is_not));
  if (condition.modified_since) {
    add("if-modified-since", format_http_date(*condition.modified_since));
  }
  if (condition.unmodified_since) {
    add("if-unmodified-since", format_http_date(*condition.unmodified_since));
  }
}

void add_write_conditions(codec::Headers& headers, const Condition& condition) {
  auto etags = wanted_etags(condition);
  if (condition.must_not_exist && needs_object(condition)) {
    throw PreconditionFailed("conditional request", "nothing can both exist and not exist");
  }
  if (!etags.empty()) {
    headers.emplace_back("if-match", quoted_list(etags));
  } else if (condition.must_exist) {
    headers.emplace_back("if-match", "*");
  }
  if (condition.must_not_exist) headers.emplace_back("if-none-match", "*");
}

void add_customer_key(codec::Headers& headers, const Secret& key, std::string_view prefix) {
  if (key.empty()) return;
  const std::string name =
      (prefix.empty() ? "x-amz-" : std::string(prefix)) + "server-side-encryption-customer-";
  headers.emplace_back(name + "algorithm", "AES256");
  headers.emplace_back(name + "key", codec::to_base64(key.reveal()));
  headers.emplace_back(name + "key-md5",
                       codec::to_base64(codec::digest_of(DigestAlgorithm::kMd5, key.reveal())));
}

bool needs_object(const Condition& condition) {
  return condition.must_exist || condition.revision_is || !condition.etag_is.empty();
}

ObjectInfo read_info(const http::Exchange& exchange, const ObjectRef& ref) {
  ObjectInfo info;
  info.key = ref.key;
  auto range = content_range(exchange, ref);
  info.size = range ? range->total : content_length(exchange, ref);
  info.etag = unquoted(exchange.header("etag").value_or(""));
  if (info.etag.empty()) bad_answer(ref, "no ETag");
  info.revision = info.etag;
  info.parts = parts_of_etag(info.etag);
  try {
    info.modified = parse_http_date(exchange.header("last-modified").value_or(""));
  } catch (const InvalidArgument&) {
    bad_answer(ref, "no good Last-Modified");
  }
  for (const auto& [name, value] : exchange.headers()) {
    read_attribute(info.attributes, name, value);
  }
  info.attributes.checksum = read_checksum(exchange);
  info.encryption = read_encryption(exchange);
  info.marks = read_lock(exchange);
  return info;
}

Marks read_lock(const http::Exchange& exchange) {
  Marks marks;
  marks.hold = exchange.header("x-amz-object-lock-legal-hold").value_or("") == "ON";
  const auto mode = exchange.header("x-amz-object-lock-mode");
  if (!mode) return marks;
  try {
    marks.retention = Retention{
        *mode == "COMPLIANCE",
        parse_rfc3339(exchange.header("x-amz-object-lock-retain-until-date").value_or(""))};
  } catch (const InvalidArgument&) {
    marks.hold = true;  // locked, nobody knows for how long
  }
  return marks;
}

Encryption read_encryption(const http::Exchange& exchange) {
  const auto word = [&](std::string_view name) {
    std::string text = exchange.header(name).value_or("");
    const bool plain =
        std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
    return plain && text.size() <= kLongestWord ? text : "";
  };
  return {word("x-amz-server-side-encryption"), word("x-amz-server-side-encryption-aws-kms-key-id"),
          !word("x-amz-server-side-encryption-customer-algorithm").empty()};
}

Delivered read_delivered(const http::Exchange& exchange, const ObjectRef& ref) {
  std::uint64_t length = content_length(exchange, ref);
  auto range = content_range(exchange, ref);
  if (!range) return {0, length};
  if (range->last - range->first + 1 != length) {
    bad_answer(ref, "a Content-Range that is not of its Content-Length");
  }
  return {range->first, length};
}

std::optional<Checksum> read_checksum(const http::Exchange& exchange) {
  for (DigestAlgorithm algorithm : kAlgorithms) {
    auto text = exchange.header(checksum_header(algorithm));
    if (!text) continue;
    Checksum checksum{.algorithm = algorithm};
    std::string_view value = *text;
    // Of parts: the number of them follows a dash, which base64 does not have.
    if (std::size_t dash = value.rfind('-'); dash != std::string_view::npos) {
      checksum.composite = true;
      checksum.parts = parts_of_etag(value);
      value = value.substr(0, dash);
    }
    auto raw = codec::from_base64(value);
    if (!raw || raw->size() != codec::digest_size(algorithm)) continue;
    checksum.value = *raw;
    return checksum;
  }
  return std::nullopt;
}

}  // namespace holdfast::storage
