// What libcurl's codes mean to holdfast: one table, and nothing of it shows outside the client.
#pragma once

#include <curl/curl.h>
#include <string>
#include <string_view>

#include "http/client.h"

namespace holdfast::http {

// The parts of a URL that error lines may show.
struct Target {
  std::string origin;  // scheme://host:port
  std::string place;   // host:port, the port always there
  std::string shown;   // the URL without its query
};
// Throws InvalidArgument for what is not a plain http or https URL, holds user information,
// blanks, control characters or bytes that are not ASCII.
Target parse_target(std::string_view url);

// Throws InvalidArgument for a method or header that cannot be sent as it is.
void check_request(const Request& request);

struct CurlFailure {
  CURLcode code = CURLE_OK;
  long os_error = 0;                  // errno of a failed connect, 0 when there is none
  std::string detail;                 // libcurl's own words; used for TLS only
  bool before_answer = true;          // no byte of an answer had arrived
  std::string advice_when_down = {};  // as ClientOptions has it
};
// Throws the error of ours for `failure` of the request that `what` names: Failed for TLS trouble
// and for an answer that is not HTTP, else Unavailable.
[[noreturn]] void throw_curl_failure(const CurlFailure& failure, const std::string& what,
                                     const Target& target);

}  // namespace holdfast::http
