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
// The answer to a request that the HTTP server refuses before a handler sees it, or whose handler
// failed (http::ServerOptions::refusal).
http::ServerResponse refusal(int status, std::string_view why);
// What an overloaded server says with its 503 (http::ServerOptions::overloaded_body).
std::string overload_document();

}  // namespace holdfast::gateway
