// Any S3 endpoint as a storage: our own gateway, AWS, or a compatible one.
#pragma once

#include <memory>
#include <string>

#include "codec/sigv4.h"
#include "http/client.h"
#include "storage/storage.h"

namespace holdfast::storage {

struct S3Options {
  std::string endpoint;  // http(s)://host[:port]
  std::string region = "us-east-1";
  codec::Credentials credentials;
  bool path_style = true;
  http::ClientOptions client;
  Duration request_timeout = std::chrono::minutes(5);  // of one request, bodies included
};

// Opens nothing yet; the first request tells whether the endpoint can be reached. Never repeats a
// request.
std::unique_ptr<Storage> make_s3_storage(const S3Options& options);

}  // namespace holdfast::storage
