#include "http/websocket_frame.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <utility>

#include "base/error.h"
#include "codec/text.h"

namespace holdfast::http {

namespace {

constexpr std::size_t kSmallestSpace = std::size_t(64) * 1024;
constexpr std::size_t kLongestControl = 125;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return std::uint8_t(bytes[at]); }

std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < size; ++i) number = number << 8 | byte_at(bytes, at + i);
  return number;
}

bool is_control(WebSocketOpcode opcode) { return std::uint8_t(opcode) >= 8; }

bool is_known(std::uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

// What an endpoint may send: those of the protocol but the ones that only stand for something that
// was not sent, and those for libraries and applications.
bool is_close_status(std::uint64_t status) {
  return (status >= 1000 && status <= 1014 && status != 1004 && status != 1005 && status != 1006) ||
         (status >= 3000 && status <= 4999);
}

}  // namespace

void append_masked_frame(WebSocketOpcode opcode, std::string_view payload, std::uint32_t mask,
                         std::string& out) {
  out += char(0x80 | std::uint8_t(opcode));
  const std::size_t length = payload.size();
  const auto put = [&](std::uint64_t number, int bytes) {
    while (bytes-- > 0) out += char(number >> (8 * bytes));
  };
  if (length <= kLongestControl) {
    put(0x80 | length, 1);
  } else if (length <= 0xffff) {
    put(0x80 | 126, 1);
    put(length, 2);
  } else {
    put(0x80 | 127, 1);
    put(length, 8);
  }
  const char key[4] = {char(mask >> 24), char(mask >> 16), char(mask >> 8), char(mask)};
  out.append(&key[0], 4);
  const std::size_t begin = out.size();
  out.append(payload);
  for (std::size_t i = 0; i < length; ++i) out[begin + i] = char(out[begin + i] ^ key[i % 4]);
}

WebSocketReader::WebSocketReader(std::string what, std::size_t longest_message)
    : what_(std::move(what)), longest_(longest_message) {}

void WebSocketReader::fail(std::string why) const {
  throw Failed(what_, "the server broke the websocket protocol: " + std::move(why),
               "check that the URL names a Gremlin server, and what lies between");
}

std::optional<WebSocketReader::Head> WebSocketReader::head() const {
  const std::string_view bytes(bytes_.data() + from_, to_ - from_);
  if (bytes.size() < 2) return std::nullopt;
  const std::uint8_t first = byte_at(bytes, 0), second = byte_at(bytes, 1);
  if ((first & 0x70) != 0) fail("a frame of an extension that was not agreed on");
  if (!is_known(first & 0x0f)) fail(fmt::format("a frame of the unknown kind {}", first & 0x0f));
  if ((second & 0x80) != 0) fail("a masked frame");
  Head head{.last = (first & 0x80) != 0,
            .opcode = WebSocketOpcode(first & 0x0f),
            .length = std::uint64_t(second & 0x7f),
            .size = 2};
  if (head.length > kLongestControl) {
    if (is_control(head.opcode)) fail("a control frame over 125 bytes");
    const std::size_t bytes_of_length = head.length == 126 ? 2 : 8;
    head.size += bytes_of_length;
    if (bytes.size() < head.size) return std::nullopt;
    head.length = number_at(bytes, 2, bytes_of_length);
    if (head.length <= (bytes_of_length == 2 ? kLongestControl : 0xffff)) {
      fail("a frame whose length is written longer than it must be");
    }
  }
  check_place(head);
  return head;
}

void WebSocketReader::check_place(const Head& head) const {
  if (is_control(head.opcode)) {
    if (!head.last) fail("a control frame in pieces");
    return;
  }
  const bool continues = head.opcode == WebSocketOpcode::kContinuation;
  if (continues && !open_) fail("the continuation of a message that has not begun");
  if (!continues && open_) fail("a message within another one");
  const std::size_t held = open_ ? pieces_.size() : 0;
  if (head.length > longest_ - std::min(longest_, held)) {
    throw Failed(what_, fmt::format("the server sent a message of over {} bytes", longest_),
                 "ask for less in one answer");
  }
}

std::optional<WebSocketReader::Item> WebSocketReader::next() {
  if (std::exchange(pieces_were_handed_out_, false)) pieces_.clear();
  while (const std::optional<Head> now = head()) {
    const std::size_t whole = now->size + std::size_t(now->length);
    if (to_ - from_ < whole) {
      wanted_ = whole;
      return std::nullopt;
    }
    const std::string_view payload(bytes_.data() + from_ + now->size, std::size_t(now->length));
    from_ += whole;
    wanted_ = 0;
    if (std::optional<Item> item = take(*now, payload)) return item;
  }
  return std::nullopt;
}

std::optional<WebSocketReader::Item> WebSocketReader::take(const Head& head,
                                                           std::string_view payload) {
  if (head.opcode == WebSocketOpcode::kClose) return close_of(payload);
  if (is_control(head.opcode)) return Item{.kind = head.opcode, .payload = payload};
  if (head.last && !open_) {
    if (head.opcode == WebSocketOpcode::kText) check_text(payload);
    return Item{.kind = head.opcode, .payload = payload};
  }
  if (!open_) open_ = head.opcode;
  pieces_.append(payload);
  if (!head.last) return std::nullopt;
  const WebSocketOpcode kind = *std::exchange(open_, std::nullopt);
  if (kind == WebSocketOpcode::kText) check_text(pieces_);
  pieces_were_handed_out_ = true;
  return Item{.kind = kind, .payload = pieces_};
}

WebSocketReader::Item WebSocketReader::close_of(std::string_view payload) const {
  Item item{.kind = WebSocketOpcode::kClose};
  if (payload.empty()) return item;
  if (payload.size() == 1) fail("a close frame with half a status");
  const std::uint64_t status = number_at(payload, 0, 2);
  if (!is_close_status(status)) fail(fmt::format("a close frame with the status {}", status));
  item.close_status = std::uint16_t(status);
  item.payload = payload.substr(2);
  check_text(item.payload);
  return item;
}

void WebSocketReader::check_text(std::string_view text) const {
  if (!codec::is_utf8(text)) fail("a text that is not UTF-8");
}

std::span<char> WebSocketReader::space() {
  if (from_ == to_) from_ = to_ = 0;
  const std::size_t held = to_ - from_;
  const std::size_t needed = std::max(wanted_, held + 1);
  // What is left of the last frame moves to the front only when the next one needs the room.
  if (from_ > 0 && bytes_.size() - from_ < std::max(needed, held + kSmallestSpace)) {
    std::memmove(bytes_.data(), bytes_.data() + from_, held);
    from_ = 0;
    to_ = held;
  }
  const std::size_t size = from_ + std::max(needed, held + kSmallestSpace);
  if (bytes_.size() < size) bytes_.resize(size);
  return {bytes_.data() + to_, bytes_.size() - to_};
}

void WebSocketReader::filled(std::size_t count) { to_ += count; }

}  // namespace holdfast::http
