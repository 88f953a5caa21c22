// AWS Signature Version 4, both ways: what a client adds and what a server checks. Pure: the time
// is given. Source: the public "Signature Version 4" reference of AWS; S3 does not normalise or
// double-encode paths.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "codec/text.h"

namespace holdfast::codec {

using Headers =
    std::vector<std::pair<std::string, std::string>>;  // names in any case, values as received

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kStreamingSigned = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
inline constexpr std::string_view kStreamingSignedTrailer =
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
inline constexpr std::string_view kStreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

struct Credentials {
  std::string access_key;
  Secret secret_key;
  std::string session_token;
};

// What is signed of a request. `path` is percent-encoded as sent; `query` decoded; headers include
// Host.
struct SignedRequest {
  std::string method;
  std::string path;
  QueryParameters query;
  Headers headers;
};

// Where and when a signature is valid.
struct Scope {
  std::string date;  // YYYYMMDD
  std::string region;
  std::string service;  // "s3"
  std::string text() const { return date + "/" + region + "/" + service + "/aws4_request"; }
};

// kDate-kRegion-kService-kSigning; raw bytes. Worth caching by its four inputs.
std::string signing_key(const Secret& secret_key, const Scope& scope);

// The hexadecimal signature of `request` over the lower-case, sorted `signed_headers`.
std::string sign(const SignedRequest& request, const std::vector<std::string>& signed_headers,
                 std::string_view payload_hash, std::string_view timestamp, const Scope& scope,
                 std::string_view signing_key);

// Client: adds x-amz-date, x-amz-content-sha256, x-amz-security-token (if any) and Authorization to
// `request.headers`, signing host, content-md5, content-type, range and every x-amz-* header
// present. `payload_hash` is hexadecimal SHA-256 or kUnsignedPayload.
void add_authorization(SignedRequest& request, const Credentials& credentials,
                       std::string_view region, WallTime now, std::string_view payload_hash);

// Client: the query string (without '?') of a presigned URL valid for `seconds`.
std::string presign(const SignedRequest& request, const Credentials& credentials,
                    std::string_view region, WallTime now, unsigned seconds);

// Server: what a request says of its signature, from the Authorization header or the query. Not yet
// verified.
struct Claim {
  std::string access_key;
  Scope scope;
  std::string timestamp;                    // YYYYMMDDThhmmssZ
  std::vector<std::string> signed_headers;  // lower case, sorted
  std::string signature;                    // 64 hexadecimal characters
  std::string payload_hash;  // of x-amz-content-sha256; kUnsignedPayload for presigned without it
  bool presigned = false;
  unsigned expires_seconds = 0;  // presigned only, 1 to 604800
};
// nullopt when the request carries no SigV4 claim at all (also with another kind of Authorization);
// InvalidArgument (code AuthorizationHeaderMalformed or AuthorizationQueryParametersError) when it
// is malformed: a field missing, double or unknown, Host not signed, a scope of another day than
// the timestamp's. A signed request without x-amz-content-sha256 claims the hash of an empty body.
std::optional<Claim> parse_claim(const SignedRequest& request);

// The x-amz-* headers (lower case, sorted) that `request` carries outside of its signature. Anybody
// on the way could have added them, so a server refuses such a request (HeadersNotSigned).
// x-amz-content-sha256 of a presigned request is left out: the URL's maker cannot know it.
std::vector<std::string> unsigned_headers(const SignedRequest& request, const Claim& claim);

// The signature that `request` must carry for `claim` under this key (presigned: without
// X-Amz-Signature).
std::string expected_signature(const SignedRequest& request, const Claim& claim,
                               std::string_view signing_key);

// The running signature of aws-chunked bodies: each chunk's and the trailer's signature depends on
// the one before.
class ChunkSigner {
 public:
  ChunkSigner(std::string signing_key, std::string timestamp, const Scope& scope,
              std::string seed_signature);
  // `chunk_sha256` is the hexadecimal SHA-256 of the chunk's bytes.
  std::string next_chunk(std::string_view chunk_sha256);
  // `trailer_sha256`: of the canonical trailer lines ("name:value\n" each).
  std::string trailer(std::string_view trailer_sha256);

 private:
  std::string key_, timestamp_, scope_, previous_;
};

}  // namespace holdfast::codec
