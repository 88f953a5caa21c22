// Our errors in S3's words: one table from an error's code (or, without one, its kind) to the S3
// code, the HTTP status and the message that clients see. Server trouble is told in general words:
// its cause goes to the log, never to a client.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/server.h"

namespace holdfast::gateway {

struct S3Error {
  std::string code;
  int status = 500;
  std::string message;
};

S3Error to_s3_error(const Error& error);

// The answer to a failed request. `resource` is the path asked for; a HEAD or a 304 gets no body.
http::ServerResponse error_response(const S3Error& error, std::string_view resource,
                                    std::string_view request_id, bool is_head);
// The <Error> document alone, for answers that fail after their head was sent.
std::string error_document(const S3Error& error, std::string_view resource,
                           std::string_view request_id);

}  // namespace holdfast::gateway
