// Heads of HTTP/1.x requests: where one ends, and what it says. Pure; hostile input expected.
//
// Stricter than the standard wherever leniency lets two programs disagree on where a request ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace holdfast::http {

// How far a buffer that grows has been looked at. A new one for each request.
struct HeadScan {
  std::size_t begin = 0;       // of the request line, behind blank lines
  std::size_t line_start = 0;  // of the line being looked at
  std::size_t next = 0;        // first byte not looked at yet
};

enum class HeadState { kIncomplete, kComplete, kMalformed };

// Continues where `scan` stopped; `bytes` must begin with what was given before. When complete, the
// head is bytes[scan.begin, scan.next). Malformed: a line end that is not CR LF, a first byte no
// method starts with, or more than four blank lines before the request.
HeadState scan_head(std::string_view bytes, HeadScan& scan);

struct RequestHead {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;  // in order, names as sent
  int minor_version = 1;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expect_continue = false;
};

struct HeadRefusal {
  int status;       // 400, 501 or 505
  std::string why;  // fit to be shown
};

// `head` as scan_head() found it, final blank line included.
std::variant<RequestHead, HeadRefusal> parse_head(std::string_view head);

struct RequestLine {
  std::string method, target;
};
// What can be read of the request line at the beginning of `bytes`, which may be anything and end
// anywhere: a method of letters and at most 2 KiB of target, or neither. Not checked: for the log,
// and for who shall serve it.
RequestLine peek_request_line(std::string_view bytes);

// Whether two header names are the same, in any case.
bool same_name(std::string_view a, std::string_view b);

}  // namespace holdfast::http
