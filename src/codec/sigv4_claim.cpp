// parse_claim: the reading side of sigv4.h. Everything here comes from strangers.
#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "codec/sigv4.h"

namespace holdfast::codec {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kHeaderCode = "AuthorizationHeaderMalformed";
constexpr std::string_view kQueryCode = "AuthorizationQueryParametersError";
constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::size_t kMostSignedHeaders = 128;
constexpr std::size_t kLongestField = 8192;
constexpr unsigned kLongestExpiry = 604800;

// Texts shown never hold what the client sent beyond the name of a field: signatures and keys stay
// out of logs.
[[noreturn]] void malformed(std::string_view code, std::string why) {
  throw InvalidArgument::with_code(code, "read the request's signature", std::move(why));
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return lower(x) == lower(y);
  });
}

// The one value of a header, or nullptr; a header given twice is ambiguous and so malformed.
const std::string* single_header(const SignedRequest& request, std::string_view name,
                                 std::string_view code) {
  const std::string* found = nullptr;
  for (const auto& [key, value] : request.headers) {
    if (!equal_ignoring_case(key, name)) continue;
    if (found) malformed(code, "the header " + std::string(name) + " is given twice");
    found = &value;
  }
  return found;
}

const std::string* single_parameter(const SignedRequest& request, std::string_view name) {
  const std::string* found = nullptr;
  for (const auto& [key, value] : request.query) {
    if (key != name) continue;
    if (found) malformed(kQueryCode, "the parameter " + std::string(name) + " is given twice");
    found = &value;
  }
  return found;
}

const std::string& required_parameter(const SignedRequest& request, std::string_view name) {
  const std::string* value = single_parameter(request, name);
  if (!value) malformed(kQueryCode, "the parameter " + std::string(name) + " is missing");
  return *value;
}

bool is_lower_hex(std::string_view text, std::size_t size) {
  return text.size() == size && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// ACCESS_KEY/YYYYMMDD/REGION/SERVICE/aws4_request, read from its end: an access key may hold '/'.
void read_credential(std::string_view text, Claim& claim, std::string_view code) {
  auto take_last = [&] {
    std::size_t slash = text.rfind('/');
    if (slash == std::string_view::npos) malformed(code, "the credential has too few parts");
    std::string_view last = text.substr(slash + 1);
    text = text.substr(0, slash);
    return last;
  };
  if (take_last() != "aws4_request") malformed(code, "the credential does not end in aws4_request");
  claim.scope.service = take_last();
  claim.scope.region = take_last();
  claim.scope.date = take_last();
  claim.access_key = text;
  if (claim.access_key.empty()) malformed(code, "the credential names no access key");
  if (claim.scope.service != "s3") malformed(code, "the credential is not for the service s3");
  auto is_region_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (claim.scope.region.empty() || claim.scope.region.size() > 64 ||
      !std::all_of(claim.scope.region.begin(), claim.scope.region.end(), is_region_character)) {
    malformed(code, "the credential's region is not a name");
  }
  bool keyable = std::all_of(claim.access_key.begin(), claim.access_key.end(),
                             [](char c) { return c > ' ' && c < 0x7f; });
  if (!keyable || claim.access_key.size() > 128) {
    malformed(code, "the access key holds what no access key holds");
  }
}

void read_signed_headers(std::string_view text, Claim& claim, std::string_view code) {
  while (true) {
    std::size_t end = text.find(';');
    std::string_view name = text.substr(0, end);
    bool token = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return c > ' ' && c < 0x7f && c != ':' && c != ',' && !(c >= 'A' && c <= 'Z');
    });
    if (!token) malformed(code, "a signed header's name is not in lower case");
    if (!claim.signed_headers.empty() && claim.signed_headers.back() >= name) {
      malformed(code, "the signed headers are not sorted");
    }
    claim.signed_headers.emplace_back(name);
    if (claim.signed_headers.size() > kMostSignedHeaders)
      malformed(code, "too many signed headers");
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  if (!std::binary_search(claim.signed_headers.begin(), claim.signed_headers.end(), "host")) {
    malformed(code, "the header host is not signed");
  }
}

void read_signature(std::string_view text, Claim& claim, std::string_view code) {
  if (!is_lower_hex(text, 64)) malformed(code, "the signature is not 64 hexadecimal characters");
  claim.signature = text;
}

void set_timestamp(std::string text, Claim& claim, std::string_view code) {
  try {
    parse_basic_iso(text);
  } catch (const InvalidArgument&) {
    malformed(code, "the time of the request is not of the form YYYYMMDDThhmmssZ");
  }
  claim.timestamp = std::move(text);
  if (!claim.timestamp.starts_with(claim.scope.date) || claim.scope.date.size() != 8) {
    malformed(code, "the credential is for another day than the request");
  }
}

void set_payload_hash(const std::string& text, Claim& claim, std::string_view code) {
  if (!is_lower_hex(text, 64) && text != kUnsignedPayload && text != kStreamingSigned &&
      text != kStreamingSignedTrailer && text != kStreamingUnsignedTrailer) {
    malformed(code, "x-amz-content-sha256 is neither a SHA-256 nor one of the names it may hold");
  }
  claim.payload_hash = text;
}

// `Date` may carry the time in either form when x-amz-date is not sent.
std::string timestamp_of_headers(const SignedRequest& request) {
  if (const std::string* date = single_header(request, "x-amz-date", kHeaderCode)) return *date;
  const std::string* date = single_header(request, "date", kHeaderCode);
  if (!date) malformed(kHeaderCode, "neither x-amz-date nor date is sent");
  try {
    // botocore writes the zone as a mail would.
    constexpr std::string_view kMailZone = " -0000";
    std::string text = *date;
    if (text.ends_with(kMailZone))
      text.replace(text.size() - kMailZone.size(), std::string::npos, " GMT");
    return format_basic_iso(parse_http_date(text));
  } catch (const InvalidArgument&) {
    return *date;
  }
}

Claim read_header_claim(const SignedRequest& request, std::string_view fields) {
  std::optional<std::string_view> credential, signed_headers, signature;
  while (true) {
    std::size_t end = fields.find(',');
    std::string_view field = trim(fields.substr(0, end));
    std::size_t equals = field.find('=');
    std::string_view name = field.substr(0, equals);
    auto* slot = name == "Credential"      ? &credential
                 : name == "SignedHeaders" ? &signed_headers
                 : name == "Signature"     ? &signature
                                           : nullptr;
    if (!slot || equals == std::string_view::npos) malformed(kHeaderCode, "an unknown field");
    if (slot->has_value()) malformed(kHeaderCode, "a field is given twice");
    *slot = field.substr(equals + 1);
    if (end == std::string_view::npos) break;
    fields.remove_prefix(end + 1);
  }
  if (!credential) malformed(kHeaderCode, "the field Credential is missing");
  if (!signed_headers) malformed(kHeaderCode, "the field SignedHeaders is missing");
  if (!signature) malformed(kHeaderCode, "the field Signature is missing");
  Claim claim;
  read_credential(*credential, claim, kHeaderCode);
  read_signed_headers(*signed_headers, claim, kHeaderCode);
  read_signature(*signature, claim, kHeaderCode);
  set_timestamp(timestamp_of_headers(request), claim, kHeaderCode);
  const std::string* hash = single_header(request, "x-amz-content-sha256", kHeaderCode);
  set_payload_hash(hash ? *hash : std::string(kEmptySha256), claim, kHeaderCode);
  return claim;
}

Claim read_query_claim(const SignedRequest& request) {
  if (required_parameter(request, "X-Amz-Algorithm") != kAlgorithm) {
    malformed(kQueryCode, "the only algorithm is AWS4-HMAC-SHA256");
  }
  const std::string& signed_headers = required_parameter(request, "X-Amz-SignedHeaders");
  if (signed_headers.size() > kLongestField)
    malformed(kQueryCode, "the signed headers are too long");
  Claim claim;
  claim.presigned = true;
  read_credential(required_parameter(request, "X-Amz-Credential"), claim, kQueryCode);
  read_signed_headers(signed_headers, claim, kQueryCode);
  read_signature(required_parameter(request, "X-Amz-Signature"), claim, kQueryCode);
  set_timestamp(required_parameter(request, "X-Amz-Date"), claim, kQueryCode);

  const std::string& expires = required_parameter(request, "X-Amz-Expires");
  const char* end = expires.data() + expires.size();
  auto parsed = std::from_chars(expires.data(), end, claim.expires_seconds);
  if (parsed.ec != std::errc() || parsed.ptr != end || claim.expires_seconds < 1 ||
      claim.expires_seconds > kLongestExpiry) {
    malformed(kQueryCode, "X-Amz-Expires is not from 1 to 604800 seconds");
  }
  const std::string* hash = single_parameter(request, "X-Amz-Content-Sha256");
  if (!hash) hash = single_header(request, "x-amz-content-sha256", kQueryCode);
  set_payload_hash(hash ? *hash : std::string(kUnsignedPayload), claim, kQueryCode);
  return claim;
}

}  // namespace

std::optional<Claim> parse_claim(const SignedRequest& request) {
  bool in_query =
      std::any_of(request.query.begin(), request.query.end(), [](const auto& parameter) {
        return parameter.first == "X-Amz-Algorithm" || parameter.first == "X-Amz-Credential" ||
               parameter.first == "X-Amz-Signature";
      });
  const std::string* header =
      single_header(request, "authorization", in_query ? kQueryCode : kHeaderCode);
  if (!header) return in_query ? std::optional(read_query_claim(request)) : std::nullopt;
  std::string_view text = trim(*header);
  if (!text.starts_with("AWS4-") && !in_query) return std::nullopt;
  if (in_query) malformed(kQueryCode, "both the query and the header Authorization sign it");
  if (text.size() > kLongestField) malformed(kHeaderCode, "the header is too long");
  std::string_view algorithm = text.substr(0, text.find_first_of(" \t"));
  if (algorithm != kAlgorithm) malformed(kHeaderCode, "the only algorithm is AWS4-HMAC-SHA256");
  return read_header_claim(request, text.substr(algorithm.size()));
}

}  // namespace holdfast::codec
