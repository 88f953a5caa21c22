#include "gateway/auth/authenticator.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "codec/digest.h"
#include "gateway/text.h"

namespace holdfast::gateway {

std::string SigningKeyCache::get(const AccessKey& key, const codec::Scope& scope) {
  const std::string name = key.access_key + "\n" + scope.text();
  {
    std::lock_guard lock(mutex_);
    if (auto found = keys_.find(name); found != keys_.end()) return found->second;
  }
  std::string made = codec::signing_key(key.secret_key, scope);
  std::lock_guard lock(mutex_);
  // Scopes are the client's choice: a flood of them must not grow the cache.
  if (keys_.size() >= kMost) keys_.clear();
  keys_[name] = made;
  return made;
}

std::size_t SigningKeyCache::size() const {
  std::lock_guard lock(mutex_);
  return keys_.size();
}

Authenticator::Authenticator(std::vector<AccessKey> keys, Duration skew) : skew_(skew) {
  for (AccessKey& key : keys) {
    std::string name = key.access_key;
    if (name.empty() || key.secret_key.empty()) {
      throw InvalidArgument("gateway keys", "an access key or its secret is empty");
    }
    if (!keys_.emplace(name, std::move(key)).second) {
      throw InvalidArgument("gateway keys", "access key '" + name + "' is given twice");
    }
  }
}

namespace {

[[noreturn]] void deny(std::string_view code, std::string why) {
  throw AccessDenied::with_code(code, "authenticate", std::move(why));
}

bool has_header(const codec::SignedRequest& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const auto& header) { return equal_ignoring_case(header.first, name); });
}

bool has_query(const codec::SignedRequest& request, std::string_view name) {
  return std::any_of(request.query.begin(), request.query.end(),
                     [&](const auto& parameter) { return parameter.first == name; });
}

[[noreturn]] void refuse_unclaimed(const codec::SignedRequest& request) {
  if (has_header(request, "authorization") ||
      (has_query(request, "Signature") && has_query(request, "AWSAccessKeyId"))) {
    throw InvalidArgument::with_code(
        "InvalidRequest", "authenticate",
        "this way of signing is not supported; only AWS4-HMAC-SHA256 is accepted");
  }
  deny("AccessDenied", "the request is not signed");
}

// A header that steers the request but is not covered by the signature could have been added on
// the way.
void check_signed_headers(const codec::SignedRequest& request, const codec::Claim& claim) {
  const auto names = codec::unsigned_headers(request, claim);
  if (!names.empty()) deny("AccessDenied", "header " + names.front() + " was sent but not signed");
}

}  // namespace

const AccessKey& Authenticator::find_key(const std::string& access_key) const {
  auto found = keys_.find(access_key);
  if (found == keys_.end()) deny("InvalidAccessKeyId", "no such access key");
  return found->second;
}

void Authenticator::check_time(const codec::Claim& claim, WallTime now) const {
  const WallTime claimed = parse_basic_iso(claim.timestamp);
  const auto skew = std::chrono::duration_cast<WallTime::duration>(skew_);
  if (!claim.presigned) {
    if (claimed > now + skew || claimed < now - skew) {
      deny("RequestTimeTooSkewed", "the request's time differs too much from the server's");
    }
    return;
  }
  if (claimed > now + skew) deny("AccessDenied", "the link is not valid yet");
  if (now > claimed + std::chrono::seconds(claim.expires_seconds)) {
    deny("AccessDenied", "the link has expired");
  }
}

Identity Authenticator::authenticate(const codec::SignedRequest& request, WallTime now) const {
  std::optional<codec::Claim> claim = codec::parse_claim(request);
  if (!claim) refuse_unclaimed(request);
  const AccessKey& key = find_key(claim->access_key);
  check_time(*claim, now);
  check_signed_headers(request, *claim);
  std::string signing_key = cache_.get(key, claim->scope);
  const std::string expected = codec::expected_signature(request, *claim, signing_key);
  if (!equal_in_constant_time(expected, claim->signature)) {
    deny("SignatureDoesNotMatch", "the signature is not that of this request under this key");
  }
  return {&key, std::move(*claim), std::move(signing_key)};
}

Identity Authenticator::authenticate_policy(const PolicySignature& signature) const {
  const AccessKey& key = find_key(signature.access_key);
  const std::string expected =
      signature.scope
          ? codec::to_hex(codec::hmac_sha256(cache_.get(key, *signature.scope), signature.policy))
          : codec::to_base64(codec::hmac_sha1(key.secret_key.reveal(), signature.policy));
  if (!equal_in_constant_time(expected, signature.signature)) {
    deny("SignatureDoesNotMatch", "the signature is not that of this policy under this key");
  }
  Identity identity{.key = &key};
  identity.claim.access_key = key.access_key;
  identity.claim.payload_hash = codec::kUnsignedPayload;
  return identity;
}

}  // namespace holdfast::gateway
