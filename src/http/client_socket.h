// A connection to an http or https URL on which the caller speaks what it wants, made by libcurl:
// names, TLS and its certificates, and the errors are those of the client. Internal to the room.
// One thread at a time.
#pragma once

#include <curl/curl.h>
#include <span>
#include <string>
#include <string_view>

#include "base/context.h"
#include "http/client.h"
#include "http/client_errors.h"

namespace holdfast::http {

class ClientSocket {
 public:
  // Connects, TLS included, within the options' connect_timeout. `url` begins with http:// or
  // https://. `what` is the subject of errors. Throws as Client::send does.
  ClientSocket(const Context& context, const std::string& url, std::string what,
               const ClientOptions& options);
  ~ClientSocket();
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;

  // The next bytes, at least one; 0 when none came within `most`. Unavailable when the server has
  // ended the connection.
  std::size_t receive(const Context& context, std::span<char> into, Duration most);
  // All of `bytes`. Unavailable when none could be sent for `most`.
  void send(const Context& context, std::string_view bytes, Duration most);

 private:
  void set_options(const std::string& url);
  void connect(const Context& context);
  // Waits for `events` or the end of `left`, which shrinks; checks the context.
  void wait(const Context& context, short events, Duration& left) const;
  [[noreturn]] void fail(CURLcode code, bool before_answer);

  const ClientOptions options_;
  const std::string what_;
  const Target target_;
  CURLM* multi_ = nullptr;
  CURL* easy_ = nullptr;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  char detail_[CURL_ERROR_SIZE] = {};
};

}  // namespace holdfast::http
