// Where the S3 driver's key pair comes from: given once, or fetched and fetched again before it
// expires (web identity, instance role). Thread-safe.
//
// Sources: AWS's public documentation of AssumeRoleWithWebIdentity (STS, version 2011-06-15) and of
// the instance metadata service, version 2 (a token by PUT, then GETs that carry it).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/context.h"
#include "base/file.h"
#include "codec/sigv4.h"
#include "http/client.h"

namespace holdfast::storage {

class S3CredentialSource {
 public:
  virtual ~S3CredentialSource() = default;
  // Good for the next minutes. Throws Unavailable (worth a retry), AccessDenied (refused, with what
  // to check) or Failed (an answer that is none), when there are none that are still valid.
  virtual codec::Credentials get(const Context& context) = 0;
  // The endpoint called them expired: the next get() fetches.
  virtual void forget() = 0;
};

struct TemporaryCredentials {
  codec::Credentials credentials;
  WallTime expires;
};
using CredentialFetch = std::function<TemporaryCredentials(const Context& context)>;

// The same for ever.
std::shared_ptr<S3CredentialSource> fixed_credentials(codec::Credentials credentials);

// What `fetch` gives, fetched anew from five minutes before it expires. A refresh that fails while
// the old ones are valid is a warning, tried again half a minute later; nobody else waits for it.
std::shared_ptr<S3CredentialSource> refreshed_credentials(CredentialFetch fetch);

struct WebIdentity {
  std::string role_arn;
  fs::path token_file;  // read at each fetch: whoever rotates it replaces the file
  std::string session_name = "holdfast";
  std::string endpoint;  // of STS, http(s)://host[:port]
  http::ClientOptions client;
};
CredentialFetch fetch_with_web_identity(WebIdentity identity);

struct InstanceRole {
  std::string endpoint = "http://169.254.169.254";
};
// Does not wait long where there is no such service: two seconds to connect.
CredentialFetch fetch_from_instance_role(InstanceRole role);

}  // namespace holdfast::storage
