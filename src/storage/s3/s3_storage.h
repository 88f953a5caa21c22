// Any S3 endpoint as a storage: our own gateway, AWS, or a compatible one.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "codec/sigv4.h"
#include "http/client.h"
#include "storage/s3/s3_credentials.h"
#include "storage/storage.h"

namespace holdfast::storage {

struct S3Options {
  std::string endpoint;  // http(s)://host[:port]
  std::string region = "us-east-1";
  codec::Credentials credentials;  // unless there is a source of them
  std::shared_ptr<S3CredentialSource> credential_source;
  // Bucket names with a dot are always in the path of an https URL: no certificate fits them.
  bool path_style = true;
  http::ClientOptions client;
  Duration request_timeout = std::chrono::minutes(5);  // of one request, bodies included
  // The section of the settings that holds accessKey and secretKey, for errors.
  std::string key_section = "minio";
  // Buckets that somebody else makes, by name, each with the setting that names it. When there are
  // any, buckets().list() tells these alone and none is made or removed (s3_named_buckets.h), so
  // that keys need no rights on the account; errors for a missing one name its setting.
  std::map<std::string, std::string> named_buckets;
};

// Opens nothing yet; the first request tells whether the endpoint can be reached. Never repeats a
// request.
std::unique_ptr<Storage> make_s3_storage(const S3Options& options);

}  // namespace holdfast::storage
