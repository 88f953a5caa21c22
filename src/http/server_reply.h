// Writing one response.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/server.h"
#include "http/server_socket.h"

namespace holdfast::http {

// The value of a Date header, remade when the second changes. One a thread.
class DateLine {
 public:
  std::string_view text(const Clock& clock);

 private:
  std::int64_t second_ = -1;
  std::string text_;
};

std::string_view reason_phrase(int status);

// What of the request decides how its response is framed.
struct ReplyFrame {
  bool head_request = false;
  int minor_version = 1;
  bool keep_alive = true;  // cleared when the response can only end with the connection
};

// Sends `response`. Errors of its source that come before its first bytes are sent, and a header
// that cannot be sent, are thrown with `started` false: another response can still follow. Once
// `started`, any throw means that the connection must be cut. `sent` counts the body's bytes along.
class Reply {
 public:
  Reply(Socket& socket, Pace pace, const Clock& clock, DateLine& date, ReplyFrame frame)
      : socket_(socket), pace_(pace), clock_(clock), date_(date), frame_(frame) {}

  void send(ServerResponse& response);
  bool started() const { return started_; }
  bool keep_alive() const { return frame_.keep_alive; }
  std::uint64_t sent() const { return sent_; }

 private:
  // How the end of the body is told: by a length, by chunks or the end of the connection, not at
  // all.
  enum class Framing { kLength, kOpen, kNone };
  std::string head(const ServerResponse& response, Framing framing, std::uint64_t length = 0);
  void send_pieces(std::string_view first, std::string_view second, std::string_view third = {},
                   bool more = false);
  void send_text(const ServerResponse& response);
  void send_head_only(const ServerResponse& response);
  void send_file(const ServerResponse& response, FileRegion region);
  void send_source(const ServerResponse& response, Source& source);
  void send_produced(const ServerResponse& response);
  void send_chunk(std::string_view bytes, std::string_view before = {});

  Socket& socket_;
  Pace pace_;
  const Clock& clock_;
  DateLine& date_;
  ReplyFrame frame_;
  bool started_ = false;
  bool chunked_ = false;
  std::uint64_t sent_ = 0;
};

// A whole short response that ends its connection, for requests that no handler sees.
std::string closing_reply(const ServerResponse& response, const Clock& clock, DateLine& date);

}  // namespace holdfast::http
