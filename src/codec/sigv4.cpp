#include "codec/sigv4.h"

#include <algorithm>

#include "base/error.h"
#include "codec/digest.h"

namespace holdfast::codec {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// What surrounds a header's value is dropped, and a run of blanks in it counts as one.
std::string squeeze_blanks(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (char c : value) {
    bool blank = c == ' ' || c == '\t';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// The path with every byte escaped that has to be and no other, whatever the client left bare. An
// escaped slash stays escaped: clients sign the path that they send.
std::string canonical_path(std::string_view path) {
  if (path.empty()) return "/";
  std::string out;
  out.reserve(path.size());
  while (true) {
    std::size_t end = path.find('/');
    std::string_view segment = path.substr(0, end);
    auto decoded = uri_decode(segment);
    // A malformed escape is not ours to judge here: it is signed as it stands.
    out += decoded ? uri_encode(*decoded, Slash::kEncode) : std::string(segment);
    if (end == std::string_view::npos) return out;
    out += '/';
    path.remove_prefix(end + 1);
  }
}

std::string canonical_query(const QueryParameters& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  encoded.reserve(query.size());
  for (const auto& [name, value] : query) {
    encoded.emplace_back(uri_encode(name, Slash::kEncode), uri_encode(value, Slash::kEncode));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

std::string canonical_headers(const Headers& headers, const std::vector<std::string>& names) {
  std::vector<std::string> lower;
  lower.reserve(headers.size());
  for (const auto& header : headers) lower.push_back(lower_case(header.first));
  std::string out;
  for (const std::string& name : names) {
    out += name;
    out += ':';
    bool first = true;
    for (std::size_t i = 0; i < headers.size(); ++i) {
      if (lower[i] != name) continue;
      if (!first) out += ',';
      out += squeeze_blanks(headers[i].second);
      first = false;
    }
    out += '\n';
  }
  return out;
}

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ';';
    out += name;
  }
  return out;
}

std::string hex_sha256(std::string_view text) {
  return to_hex(digest_of(DigestAlgorithm::kSha256, text));
}

std::string keyed_hex(std::string_view key, std::string_view text) {
  return to_hex(hmac_sha256(key, text));
}

bool is_signed_by_client(std::string_view name) {
  return name == "host" || name == "content-md5" || name == "content-type" || name == "range" ||
         name.starts_with("x-amz-");
}

std::vector<std::string> names_to_sign(const Headers& headers) {
  std::vector<std::string> names;
  for (const auto& header : headers) {
    std::string name = lower_case(header.first);
    if (is_signed_by_client(name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// What an earlier attempt has left in the request: a retry signs it afresh.
void remove_authorization(Headers& headers) {
  std::erase_if(headers, [](const auto& header) {
    std::string name = lower_case(header.first);
    return name == "authorization" || name == "x-amz-date" || name == "x-amz-content-sha256" ||
           name == "x-amz-security-token";
  });
}

}  // namespace

std::string signing_key(const Secret& secret_key, const Scope& scope) {
  Secret prefixed("AWS4" + secret_key.reveal());
  std::string key = hmac_sha256(prefixed.reveal(), scope.date);
  key = hmac_sha256(key, scope.region);
  key = hmac_sha256(key, scope.service);
  return hmac_sha256(key, "aws4_request");
}

std::string sign(const SignedRequest& request, const std::vector<std::string>& signed_headers,
                 std::string_view payload_hash, std::string_view timestamp, const Scope& scope,
                 std::string_view signing_key) {
  std::string canonical = request.method;
  canonical += '\n';
  canonical += canonical_path(request.path);
  canonical += '\n';
  canonical += canonical_query(request.query);
  canonical += '\n';
  canonical += canonical_headers(request.headers, signed_headers);
  canonical += '\n';
  canonical += join(signed_headers);
  canonical += '\n';
  canonical += payload_hash;

  std::string text(kAlgorithm);
  text += '\n';
  text += timestamp;
  text += '\n';
  text += scope.text();
  text += '\n';
  text += hex_sha256(canonical);
  return keyed_hex(signing_key, text);
}

void add_authorization(SignedRequest& request, const Credentials& credentials,
                       std::string_view region, WallTime now, std::string_view payload_hash) {
  remove_authorization(request.headers);
  std::string timestamp = format_basic_iso(now);
  Scope scope{timestamp.substr(0, 8), std::string(region), "s3"};
  request.headers.emplace_back("x-amz-date", timestamp);
  request.headers.emplace_back("x-amz-content-sha256", std::string(payload_hash));
  if (!credentials.session_token.empty()) {
    request.headers.emplace_back("x-amz-security-token", credentials.session_token);
  }
  std::vector<std::string> names = names_to_sign(request.headers);
  std::string signature = sign(request, names, payload_hash, timestamp, scope,
                               signing_key(credentials.secret_key, scope));
  request.headers.emplace_back("Authorization", std::string(kAlgorithm) +
                                                    " Credential=" + credentials.access_key + "/" +
                                                    scope.text() + ",SignedHeaders=" + join(names) +
                                                    ",Signature=" + signature);
}

std::string presign(const SignedRequest& request, const Credentials& credentials,
                    std::string_view region, WallTime now, unsigned seconds) {
  std::string timestamp = format_basic_iso(now);
  Scope scope{timestamp.substr(0, 8), std::string(region), "s3"};
  std::vector<std::string> names = names_to_sign(request.headers);
  SignedRequest made = request;
  made.query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  made.query.emplace_back("X-Amz-Credential", credentials.access_key + "/" + scope.text());
  made.query.emplace_back("X-Amz-Date", timestamp);
  made.query.emplace_back("X-Amz-Expires", std::to_string(seconds));
  if (!credentials.session_token.empty()) {
    made.query.emplace_back("X-Amz-Security-Token", credentials.session_token);
  }
  made.query.emplace_back("X-Amz-SignedHeaders", join(names));
  std::string signature = sign(made, names, kUnsignedPayload, timestamp, scope,
                               signing_key(credentials.secret_key, scope));
  made.query.emplace_back("X-Amz-Signature", signature);
  return build_query(made.query);
}

std::string expected_signature(const SignedRequest& request, const Claim& claim,
                               std::string_view signing_key) {
  if (!claim.presigned) {
    return sign(request, claim.signed_headers, claim.payload_hash, claim.timestamp, claim.scope,
                signing_key);
  }
  SignedRequest unsigned_request = request;
  std::erase_if(unsigned_request.query,
                [](const auto& parameter) { return parameter.first == "X-Amz-Signature"; });
  return sign(unsigned_request, claim.signed_headers, claim.payload_hash, claim.timestamp,
              claim.scope, signing_key);
}

std::vector<std::string> unsigned_headers(const SignedRequest& request, const Claim& claim) {
  std::vector<std::string> out;
  for (const auto& header : request.headers) {
    std::string name = lower_case(header.first);
    if (!name.starts_with("x-amz-")) continue;
    if (claim.presigned && name == "x-amz-content-sha256") continue;
    if (std::binary_search(claim.signed_headers.begin(), claim.signed_headers.end(), name)) {
      continue;
    }
    out.push_back(std::move(name));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

ChunkSigner::ChunkSigner(std::string signing_key, std::string timestamp, const Scope& scope,
                         std::string seed_signature)
    : key_(std::move(signing_key)),
      timestamp_(std::move(timestamp)),
      scope_(scope.text()),
      previous_(std::move(seed_signature)) {}

std::string ChunkSigner::next_chunk(std::string_view chunk_sha256) {
  static const std::string empty_sha256 = hex_sha256("");
  previous_ =
      keyed_hex(key_, "AWS4-HMAC-SHA256-PAYLOAD\n" + timestamp_ + "\n" + scope_ + "\n" + previous_ +
                          "\n" + empty_sha256 + "\n" + std::string(chunk_sha256));
  return previous_;
}

std::string ChunkSigner::trailer(std::string_view trailer_sha256) {
  previous_ = keyed_hex(key_, "AWS4-HMAC-SHA256-TRAILER\n" + timestamp_ + "\n" + scope_ + "\n" +
                                  previous_ + "\n" + std::string(trailer_sha256));
  return previous_;
}

}  // namespace holdfast::codec
