// Heads of HTTP requests, as they come from the wire.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "http/server_head.h"
#include "property.h"

using namespace holdfast::http;

namespace {

bool has_control(std::string_view text, bool tab_allowed) {
  return std::any_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && !(tab_allowed && c == '\t')) || byte == 0x7f;
  });
}

std::ptrdiff_t count_of(const RequestHead& head, std::string_view name) {
  return std::count_if(head.headers.begin(), head.headers.end(),
                       [&](const auto& header) { return same_name(header.first, name); });
}

// However the bytes are cut on their way, the end of the head is found at the same place.
HeadScan check_scan(std::string_view bytes, HeadState& state) {
  HeadScan whole;
  state = scan_head(bytes, whole);
  HeadScan cut;
  HeadState cut_state = HeadState::kIncomplete;
  for (std::size_t size = 0; size <= bytes.size() && cut_state == HeadState::kIncomplete; ++size) {
    cut_state = scan_head(bytes.substr(0, size), cut);
  }
  HOLDFAST_PROPERTY(cut_state == state);
  HOLDFAST_PROPERTY(state != HeadState::kComplete ||
                    (cut.begin == whole.begin && cut.next == whole.next));
  return whole;
}

void check_head(const RequestHead& head) {
  HOLDFAST_PROPERTY(!head.method.empty() && !has_control(head.method, false));
  HOLDFAST_PROPERTY(head.target == "*" || head.target.starts_with('/'));
  HOLDFAST_PROPERTY(!has_control(head.target, false) && head.target.find(' ') == std::string::npos);
  for (const auto& [name, value] : head.headers) {
    HOLDFAST_PROPERTY(!name.empty() && !has_control(name, false));
    HOLDFAST_PROPERTY(name.find_first_of(" :") == std::string::npos);
    HOLDFAST_PROPERTY(!has_control(value, true));
  }
  HOLDFAST_PROPERTY(count_of(head, "content-length") + count_of(head, "transfer-encoding") <= 1);
  HOLDFAST_PROPERTY(head.chunked == (count_of(head, "transfer-encoding") == 1));
  HOLDFAST_PROPERTY(head.content_length.has_value() == (count_of(head, "content-length") == 1));
  HOLDFAST_PROPERTY(count_of(head, "host") <= 1);
}

// What was understood, written plainly, is understood in the same way: nothing was guessed.
void check_round_trip(const RequestHead& head) {
  std::string text =
      head.method + " " + head.target + " HTTP/1." + std::to_string(head.minor_version) + "\r\n";
  for (const auto& [name, value] : head.headers) text += name + ": " + value + "\r\n";
  text += "\r\n";
  HeadScan scan;
  HOLDFAST_PROPERTY(scan_head(text, scan) == HeadState::kComplete && scan.next == text.size());
  const auto again = parse_head(text);
  const auto* same = std::get_if<RequestHead>(&again);
  HOLDFAST_PROPERTY(same != nullptr);
  HOLDFAST_PROPERTY(same->method == head.method && same->target == head.target);
  HOLDFAST_PROPERTY(same->headers == head.headers && same->keep_alive == head.keep_alive);
  HOLDFAST_PROPERTY(same->content_length == head.content_length && same->chunked == head.chunked);
  HOLDFAST_PROPERTY(same->expect_continue == head.expect_continue);
}

// What the log shows of a request that is refused.
void check_peek(std::string_view bytes) {
  const RequestLine line = peek_request_line(bytes);
  for (const std::string& part : {line.method, line.target}) {
    HOLDFAST_PROPERTY(part.find_first_of("\r\n ") == std::string::npos);
  }
  HOLDFAST_PROPERTY(line.method.size() <= 32 && line.target.size() <= 2048);
  HOLDFAST_PROPERTY(!line.method.empty() || line.target.empty());
}

void check_parse(std::string_view bytes) {
  const auto parsed = parse_head(bytes);
  if (const auto* refusal = std::get_if<HeadRefusal>(&parsed)) {
    HOLDFAST_PROPERTY(refusal->status == 400 || refusal->status == 417 || refusal->status == 501 ||
                      refusal->status == 505);
    HOLDFAST_PROPERTY(!refusal->why.empty());
    return;
  }
  check_head(std::get<RequestHead>(parsed));
  check_round_trip(std::get<RequestHead>(parsed));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  HeadState state;
  const HeadScan scan = check_scan(bytes, state);
  if (state == HeadState::kComplete) check_parse(bytes.substr(scan.begin, scan.next - scan.begin));
  check_parse(bytes);  // must stand alone too
  check_peek(bytes);
  return 0;
}
