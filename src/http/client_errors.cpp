#include "http/client_errors.h"

#include <algorithm>
#include <fmt/format.h>
#include <system_error>

#include "base/error.h"

namespace holdfast::http {

namespace {

[[noreturn]] void bad_url(std::string_view why) {
  throw InvalidArgument("HTTP request", std::string(why), "correct the URL");
}

bool is_token_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_control(char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; }

bool has_port(std::string_view authority) {
  std::size_t end_of_address = authority.rfind(']');
  std::size_t from = end_of_address == std::string_view::npos ? 0 : end_of_address;
  return authority.find(':', from) != std::string_view::npos;
}

enum class Meaning {
  kCannotResolve,
  kCannotConnect,
  kConnectionLost,
  kCutOff,
  kTlsUntrusted,
  kTlsFailed,
  kNotHttp,
  kTimedOut,
  kOther,
};

struct Row {
  CURLcode code;
  Meaning meaning;
};
constexpr Row kTable[] = {
    {CURLE_COULDNT_RESOLVE_HOST, Meaning::kCannotResolve},
    {CURLE_COULDNT_CONNECT, Meaning::kCannotConnect},
    {CURLE_OPERATION_TIMEDOUT, Meaning::kTimedOut},
    {CURLE_GOT_NOTHING, Meaning::kConnectionLost},
    {CURLE_SEND_ERROR, Meaning::kConnectionLost},
    {CURLE_RECV_ERROR, Meaning::kConnectionLost},
    {CURLE_SEND_FAIL_REWIND, Meaning::kConnectionLost},
    // Our own callback forbids libcurl to repeat a request on a fresh connection.
    {CURLE_ABORTED_BY_CALLBACK, Meaning::kConnectionLost},
    {CURLE_PARTIAL_FILE, Meaning::kCutOff},
    {CURLE_PEER_FAILED_VERIFICATION, Meaning::kTlsUntrusted},
    {CURLE_SSL_ISSUER_ERROR, Meaning::kTlsUntrusted},
    {CURLE_SSL_CACERT_BADFILE, Meaning::kTlsUntrusted},
    {CURLE_SSL_CONNECT_ERROR, Meaning::kTlsFailed},
    {CURLE_SSL_CIPHER, Meaning::kTlsFailed},
    {CURLE_SSL_ENGINE_INITFAILED, Meaning::kTlsFailed},
    {CURLE_WEIRD_SERVER_REPLY, Meaning::kNotHttp},
    {CURLE_UNSUPPORTED_PROTOCOL, Meaning::kNotHttp},
    {CURLE_BAD_CONTENT_ENCODING, Meaning::kNotHttp},
    {CURLE_HTTP2, Meaning::kNotHttp},
};

Meaning meaning_of(CURLcode code) {
  for (const Row& row : kTable) {
    if (row.code == code) return row.meaning;
  }
  return Meaning::kOther;
}

std::string reason_of_connect(const CurlFailure& failure) {
  if (failure.os_error == 0) return "cannot connect";
  std::string reason = std::generic_category().message(int(failure.os_error));
  std::transform(reason.begin(), reason.end(), reason.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return reason;
}

// A handshake that the network broke is worth a retry; one that the peers could not agree on is
// not. libcurl has one code for both, and tells them apart in its text alone.
bool handshake_was_cut(const CurlFailure& failure) {
  return failure.detail.find("SSL_ERROR_SYSCALL") != std::string::npos ||
         failure.detail.find("reset by peer") != std::string::npos ||
         failure.detail.find("Broken pipe") != std::string::npos;
}

}  // namespace

Target parse_target(std::string_view url) {
  for (char c : url) {
    if (c <= ' ' || c >= 0x7f || c == '#')
      bad_url("the URL holds a character that must be escaped");
  }
  bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) bad_url("the URL is neither http:// nor https://");
  std::size_t start = secure ? 8 : 7;
  std::size_t end = std::min(url.find_first_of("/?", start), url.size());
  std::string_view authority = url.substr(start, end - start);
  if (authority.empty()) bad_url("the URL names no host");
  if (authority.find('@') != std::string_view::npos) {
    bad_url("the URL holds a user name or password");
  }
  Target target;
  target.place = std::string(authority);
  if (!has_port(authority)) target.place += secure ? ":443" : ":80";
  target.origin = std::string(url.substr(0, start)) + target.place;
  target.shown = std::string(url.substr(0, std::min(url.find('?'), url.size())));
  return target;
}

void check_request(const Request& request) {
  if (!is_token(request.method)) {
    throw InvalidArgument("HTTP request", "the method is not a plain word");
  }
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) {
      throw InvalidArgument("HTTP request",
                            "a header's name holds a character that is not allowed");
    }
    if (std::any_of(value.begin(), value.end(), is_control)) {
      throw InvalidArgument("HTTP request",
                            fmt::format("the header {} holds a control character", name));
    }
  }
}

void throw_curl_failure(const CurlFailure& failure, const std::string& what, const Target& target) {
  const std::string& place = target.place;
  switch (meaning_of(failure.code)) {
    case Meaning::kCannotResolve:
      throw Unavailable(what, fmt::format("the host name of {} does not resolve", place),
                        "check the host name and the name service");
    case Meaning::kCannotConnect:
      throw Unavailable(what, reason_of_connect(failure),
                        failure.advice_when_down.empty()
                            ? fmt::format("check that a server listens on {}", place)
                            : failure.advice_when_down);
    case Meaning::kTimedOut:
      throw Unavailable(what, "timed out", fmt::format("check that {} answers in time", place));
    case Meaning::kConnectionLost:
      throw Unavailable(what,
                        failure.before_answer ? "the connection was closed before an answer came"
                                              : "the connection was lost within the answer",
                        fmt::format("check the server at {} and what lies between", place));
    case Meaning::kCutOff:
      throw Unavailable(what, "the answer ended before its announced length",
                        fmt::format("check the server at {} and what lies between", place));
    case Meaning::kTlsUntrusted:
      throw Failed(what,
                   fmt::format("the certificate of {} is not trusted: {}", place, failure.detail),
                   "give the CA's certificate file, or correct the host name in the URL");
    case Meaning::kTlsFailed:
      if (handshake_was_cut(failure)) {
        throw Unavailable(what, "the connection was closed during the TLS handshake",
                          fmt::format("check the server at {} and what lies between", place));
      }
      throw Failed(what, fmt::format("no TLS connection with {}: {}", place, failure.detail),
                   "check that the port speaks TLS 1.2 or newer");
    case Meaning::kNotHttp:
      throw Failed(what, fmt::format("{} gave an answer that is not HTTP/1.1", place),
                   "check host and port");
    case Meaning::kOther:
      break;
  }
  throw Failed(what, fmt::format("{} (libcurl code {})", curl_easy_strerror(failure.code),
                                 int(failure.code)));
}

}  // namespace holdfast::http
