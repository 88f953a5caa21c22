// Finds out who signed a request and whether the signature holds. Thread-safe.
//
// Errors, by their S3 codes: AccessDenied (no signature, expired link, unsigned headers),
// InvalidAccessKeyId, SignatureDoesNotMatch, RequestTimeTooSkewed, AuthorizationHeaderMalformed and
// AuthorizationQueryParametersError (malformed), InvalidRequest (another signature version).
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "codec/sigv4.h"
#include "gateway/auth/access_key.h"

namespace holdfast::gateway {

struct Identity {
  const AccessKey* key = nullptr;  // lives as long as the Authenticator
  codec::Claim claim;
  std::string signing_key;  // raw
};

// What a browser's form says of who signed its policy.
struct PolicySignature {
  std::string access_key;
  std::string policy;     // base64, as sent: the text that is signed
  std::string signature;  // hexadecimal of HMAC-SHA256; without scope base64 of HMAC-SHA1
  std::optional<codec::Scope> scope = std::nullopt;
};

// Signing keys by access key and scope: four HMACs saved a request. Bounded.
class SigningKeyCache {
 public:
  std::string get(const AccessKey& key, const codec::Scope& scope);
  std::size_t size() const;

  static constexpr std::size_t kMost = 512;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> keys_;
};

class Authenticator {
 public:
  // `skew`: how far a client's clock may be off, either way.
  Authenticator(std::vector<AccessKey> keys, Duration skew);
  Identity authenticate(const codec::SignedRequest& request, WallTime now) const;
  // Of a form; until when it may be used, its policy says. The claim tells the access key alone.
  Identity authenticate_policy(const PolicySignature& signature) const;

 private:
  const AccessKey& find_key(const std::string& access_key) const;
  void check_time(const codec::Claim& claim, WallTime now) const;

  std::map<std::string, AccessKey, std::less<>> keys_;
  Duration skew_;
  mutable SigningKeyCache cache_;
};

}  // namespace holdfast::gateway
