// SigV4 claims out of request heads. The input: `METHOD /path?query LF`, then `name: value LF`
// each.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/sigv4.h"
#include "property.h"

using namespace holdfast::codec;

namespace {

std::string_view take_until(std::string_view& text, char end) {
  std::size_t at = text.find(end);
  std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

SignedRequest request_of(std::string_view text) {
  SignedRequest request;
  std::string_view line = take_until(text, '\n');
  request.method = take_until(line, ' ');
  request.path = take_until(line, '?');
  if (auto query = parse_query(line)) request.query = std::move(*query);
  while (!text.empty()) {
    std::string_view header = take_until(text, '\n');
    std::string_view name = take_until(header, ':');
    request.headers.emplace_back(name, header);
  }
  return request;
}

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void check_claim(const SignedRequest& request, const Claim& claim, std::string_view key) {
  HOLDFAST_PROPERTY(!claim.access_key.empty() && is_hex(claim.signature, 64));
  HOLDFAST_PROPERTY(claim.timestamp.starts_with(claim.scope.date) && claim.scope.service == "s3");
  HOLDFAST_PROPERTY(std::is_sorted(claim.signed_headers.begin(), claim.signed_headers.end()));
  HOLDFAST_PROPERTY(
      std::binary_search(claim.signed_headers.begin(), claim.signed_headers.end(), "host"));
  HOLDFAST_PROPERTY(!claim.presigned ||
                    (claim.expires_seconds >= 1 && claim.expires_seconds <= 604800));
  HOLDFAST_PROPERTY(is_hex(expected_signature(request, claim, key), 64));
  unsigned_headers(request, claim);
}

// Names as HTTP allows them; the server refuses all others before a signature is looked at.
bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(char(c)) != std::string_view::npos;
  });
}

// What our client signs, our server must accept, and must not once the request is another.
void check_round_trip(SignedRequest request, std::string_view key) {
  static const Credentials credentials{"AK", holdfast::Secret("secret"), ""};
  static const holdfast::WallTime now = holdfast::parse_basic_iso("20130524T000000Z");
  std::erase_if(request.query, [](const auto& p) { return p.first.starts_with("X-Amz-"); });
  std::erase_if(request.headers, [](const auto& header) { return !is_header_name(header.first); });
  request.headers.emplace_back("Host", "h");
  add_authorization(request, credentials, "us-east-1", now, kUnsignedPayload);
  std::optional<Claim> claim;
  try {
    claim = parse_claim(request);
  } catch (const holdfast::InvalidArgument&) {
    return;  // a header whose name is none cannot be listed among the signed ones
  }
  HOLDFAST_PROPERTY(claim.has_value() && unsigned_headers(request, *claim).empty());
  HOLDFAST_PROPERTY(expected_signature(request, *claim, key) == claim->signature);
  request.path += "x";
  HOLDFAST_PROPERTY(expected_signature(request, *claim, key) != claim->signature);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string key =
      signing_key(holdfast::Secret("secret"), {"20130524", "us-east-1", "s3"});
  SignedRequest request = request_of({reinterpret_cast<const char*>(data), size});
  try {
    if (auto claim = parse_claim(request)) check_claim(request, *claim, key);
  } catch (const holdfast::InvalidArgument& error) {
    HOLDFAST_PROPERTY(error.code() == "AuthorizationHeaderMalformed" ||
                      error.code() == "AuthorizationQueryParametersError");
  }
  check_round_trip(std::move(request), key);
  return 0;
}
