// Frames of a websocket as a client reads and writes them. Format: RFC 6455, section 5, without
// extensions. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace holdfast::http {

enum class WebSocketOpcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

// Appends one whole frame, masked with `mask` as everything that a client sends must be.
void append_masked_frame(WebSocketOpcode opcode, std::string_view payload, std::uint32_t mask,
                         std::string& out);

// Puts together what a server sends. Bytes go in by space() and filled(), messages and control
// frames come out by next().
class WebSocketReader {
 public:
  // kText and kBinary: a whole message; kPing, kPong: its payload; kClose: the reason, behind a
  // status. The payload is good until the next call of next() or space().
  struct Item {
    WebSocketOpcode kind = WebSocketOpcode::kBinary;
    std::uint16_t close_status = 1005;  // 1005: none was sent
    std::string_view payload;
  };

  // `what` is the subject of errors.
  WebSocketReader(std::string what, std::size_t longest_message);

  // The next one that is whole; nullopt when more bytes are needed. Failed for whatever RFC 6455
  // does not allow a server, for a text that is not UTF-8, and for a message beyond the limit,
  // before it is held: then the connection is of no use any more.
  std::optional<Item> next();
  // Where the next bytes go, never empty.
  std::span<char> space();
  // So many of them have been put there.
  void filled(std::size_t count);

 private:
  struct Head {
    bool last = false;
    WebSocketOpcode opcode = WebSocketOpcode::kContinuation;
    std::uint64_t length = 0;
    std::size_t size = 0;
  };

  std::optional<Head> head() const;
  void check_place(const Head& head) const;
  std::optional<Item> take(const Head& head, std::string_view payload);
  Item close_of(std::string_view payload) const;
  void check_text(std::string_view text) const;
  [[noreturn]] void fail(std::string why) const;

  const std::string what_;
  const std::size_t longest_;
  // What came and is not handed out: bytes_[from_, to_).
  std::string bytes_;
  std::size_t from_ = 0, to_ = 0;
  std::size_t wanted_ = 0;  // bytes of the frame that is under way, when its head is there
  std::optional<WebSocketOpcode> open_;  // the kind of a message in pieces
  std::string pieces_;
  bool pieces_were_handed_out_ = false;
};

}  // namespace holdfast::http
