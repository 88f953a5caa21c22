// A blocking websocket client (RFC 6455 without extensions) over plain TCP or TLS. It answers pings
// by itself, and asks a silent server for a sign of life, so that a peer that is gone is found
// however long an answer may take. One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/context.h"
#include "http/client.h"
#include "http/websocket_frame.h"

namespace holdfast::http {

struct WebSocketOptions {
  // Of these the kept connections do not count. idle_timeout: no byte came, not even the answer to
  // a ping.
  ClientOptions client;
  // What is held in memory of one message, as it came or in pieces.
  std::size_t longest_message = std::size_t(64) << 20;
};

class WebSocket {
 public:
  // Connects and shakes hands. `url` begins with ws:// or wss:// and holds no password; `what` is
  // the subject of errors. Throws as Client::send does; AccessDenied for the statuses 401 and 403,
  // Unavailable for 429 and those from 500 on, Failed for any other answer that is not the right
  // one.
  WebSocket(const Context& context, const std::string& url, const std::string& what,
            const WebSocketOptions& options);
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  // One message in one frame.
  void send_binary(const Context& context, std::string_view message);
  // The next message, text or binary; good until the next call. Unavailable when the server says
  // goodbye or is gone, Failed for what is not a websocket's (WebSocketReader): then the connection
  // is of no use any more. DeadlineExceeded and Cancelled by the context.
  std::string_view receive(const Context& context);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::http
