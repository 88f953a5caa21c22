#include "gateway/checksums.h"

#include <array>

#include "base/error.h"
#include "codec/text.h"
#include "gateway/text.h"

namespace holdfast::gateway {

using codec::DigestAlgorithm;
using storage::Checksum;

namespace {

constexpr std::array kAlgorithms = {DigestAlgorithm::kCrc32, DigestAlgorithm::kCrc32c,
                                    DigestAlgorithm::kCrc64Nvme, DigestAlgorithm::kSha1,
                                    DigestAlgorithm::kSha256};
constexpr std::string_view kPrefix = "x-amz-checksum-";

[[noreturn]] void refuse(std::string why) {
  throw InvalidArgument::with_code("InvalidRequest", "read the checksum headers", std::move(why));
}

bool is_crc(DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::kCrc32 || algorithm == DigestAlgorithm::kCrc32c ||
         algorithm == DigestAlgorithm::kCrc64Nvme;
}

std::optional<DigestAlgorithm> parse_checksum_algorithm(std::string_view name) {
  auto algorithm = codec::parse_digest_algorithm(name);
  if (algorithm == DigestAlgorithm::kMd5) return std::nullopt;
  return algorithm;
}

}  // namespace

std::string checksum_header(DigestAlgorithm algorithm) {
  return std::string(kPrefix) + to_lower(codec::name_of(algorithm));
}

std::string checksum_element(DigestAlgorithm algorithm) {
  return "Checksum" + std::string(codec::name_of(algorithm));
}

std::string format_checksum(const Checksum& checksum) {
  std::string text = codec::to_base64(checksum.value);
  if (checksum.composite) text += "-" + std::to_string(checksum.parts);
  return text;
}

std::optional<Checksum> parse_checksum(DigestAlgorithm algorithm, std::string_view text) {
  Checksum checksum{.algorithm = algorithm};
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    auto parts = parse_number(text.substr(dash + 1));
    if (!parts || *parts < 1 || *parts > 10'000) return std::nullopt;
    checksum.composite = true;
    checksum.parts = static_cast<unsigned>(*parts);
    text = text.substr(0, dash);
  }
  auto raw = codec::from_base64(text);
  if (!raw || raw->size() != codec::digest_size(algorithm)) return std::nullopt;
  checksum.value = std::move(*raw);
  return checksum;
}

std::optional<Checksum> checksum_of_headers(const http::ServerRequest& request) {
  std::optional<Checksum> found;
  for (DigestAlgorithm algorithm : kAlgorithms) {
    const std::string name = checksum_header(algorithm);
    auto value = request.header(name);
    if (!value) continue;
    if (found) refuse("more than one x-amz-checksum header");
    found = parse_checksum(algorithm, trim(*value));
    if (!found) refuse("the value of " + name + " is malformed");
  }
  return found;
}

std::optional<DigestAlgorithm> announced_trailer(const http::ServerRequest& request) {
  auto header = request.header("x-amz-trailer");
  if (!header) return std::nullopt;
  const std::string name = to_lower(trim(*header));
  std::optional<DigestAlgorithm> algorithm;
  if (name.starts_with(kPrefix)) algorithm = parse_checksum_algorithm(name.substr(kPrefix.size()));
  if (!algorithm) refuse("the value of x-amz-trailer names no known checksum");
  return algorithm;
}

std::optional<Checksum> multipart_checksum_kind(const http::ServerRequest& request) {
  auto name = request.header("x-amz-checksum-algorithm");
  auto type = request.header("x-amz-checksum-type");
  if (!name) {
    if (type) refuse("x-amz-checksum-type without x-amz-checksum-algorithm");
    return std::nullopt;
  }
  auto algorithm = parse_checksum_algorithm(trim(*name));
  if (!algorithm) refuse("the checksum algorithm is not known");
  Checksum kind{.algorithm = *algorithm};
  if (!type) {
    kind.composite = *algorithm != DigestAlgorithm::kCrc64Nvme;
  } else if (equal_ignoring_case(trim(*type), "COMPOSITE")) {
    kind.composite = true;
  } else if (!equal_ignoring_case(trim(*type), "FULL_OBJECT")) {
    refuse("the checksum type is neither COMPOSITE nor FULL_OBJECT");
  }
  if (kind.composite && *algorithm == DigestAlgorithm::kCrc64Nvme) {
    refuse("CRC64NVME is of the full object only");
  }
  if (!kind.composite && !is_crc(*algorithm)) {
    refuse("this algorithm's checksum of parts is composite only");
  }
  return kind;
}

std::optional<std::string> content_md5(const http::ServerRequest& request) {
  auto header = request.header("content-md5");
  if (!header) return std::nullopt;
  auto raw = codec::from_base64(trim(*header));
  if (!raw || raw->size() != codec::digest_size(DigestAlgorithm::kMd5)) {
    throw InvalidArgument::with_code("InvalidDigest", "read content-md5",
                                     "it is not base64 of 16 bytes");
  }
  return raw;
}

void add_checksum_headers(http::ServerResponse& response, const Checksum& checksum) {
  response.headers.emplace_back(checksum_header(checksum.algorithm), format_checksum(checksum));
  response.headers.emplace_back("x-amz-checksum-type",
                                checksum.composite ? "COMPOSITE" : "FULL_OBJECT");
}

void write_checksum(codec::XmlWriter& xml, const Checksum& checksum) {
  xml.element(checksum_element(checksum.algorithm), format_checksum(checksum));
}

std::optional<Checksum> checksum_of_element(const codec::XmlElement& element) {
  for (DigestAlgorithm algorithm : kAlgorithms) {
    const codec::XmlElement* child = element.child(checksum_element(algorithm));
    if (!child) continue;
    auto checksum = parse_checksum(algorithm, trim(child->text));
    if (!checksum) {
      throw InvalidArgument::with_code("MalformedXML", "read the checksums",
                                       "the value of " + child->name + " is malformed");
    }
    return checksum;
  }
  return std::nullopt;
}

}  // namespace holdfast::gateway
