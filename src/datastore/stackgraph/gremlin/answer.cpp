#include "datastore/stackgraph/gremlin/answer.h"

#include <charconv>
#include <fmt/format.h>

#include "base/error.h"
#include "codec/json_scanner.h"

namespace holdfast::datastore::sg {

namespace {

using codec::JsonScanner;

constexpr std::size_t kLongestMessage = 300;
// How a server ends a frame that has nothing to tell beside its data. With it the end of the data
// is known without a look at every byte; they are checked when they are read.
constexpr std::string_view kUsualEnd = R"(,"meta":{"@type":"g:Map","@value":[]}}})";

// A plain text, or one of a type: {"@type":"g:UUID","@value":"..."}.
std::string_view id_of(JsonScanner& scanner) {
  if (scanner.peek() == '"') return scanner.text("the request's id is not a text");
  if (scanner.peek() != '{') {
    scanner.plain("the request's id is not a text");
    return {};
  }
  std::string_view id;
  scanner.open('{', "the request's id is not a text");
  bool first = true;
  for (std::string_view name; scanner.next_member(first, name);) {
    if (name == "@value") {
      id = scanner.text("the request's id is not a text");
    } else {
      scanner.skip();
    }
  }
  return id;
}

void read_status(JsonScanner& scanner, GremlinFrame& frame) {
  scanner.open('{', "the status is not an object");
  bool first = true;
  for (std::string_view name; scanner.next_member(first, name);) {
    if (name == "code") {
      const std::string_view digits = scanner.plain("the code is not a number");
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), frame.code);
      if (error != std::errc() || end != digits.data() + digits.size()) {
        scanner.fail("the code is not a number");
      }
    } else if (name == "message" && scanner.peek() == '"') {
      frame.message = scanner.text("the message is not a text");
    } else {
      scanner.skip();
    }
  }
}

// Whether the frame has been read to its end.
bool read_result(JsonScanner& scanner, std::string_view bytes, GremlinFrame& frame) {
  scanner.open('{', "the result is not an object");
  bool first = true;
  for (std::string_view name; scanner.next_member(first, name);) {
    if (name != "data") {
      scanner.skip();
      continue;
    }
    if (frame.code == 206 && scanner.peek() == '{' && bytes.ends_with(kUsualEnd)) {
      const char* begin = name.data() + name.size() + 2;  // behind `":`
      const char* end = bytes.data() + bytes.size() - kUsualEnd.size();
      if (begin < end && *begin == '{') {
        frame.data = std::string_view(begin, std::size_t(end - begin));
        return true;
      }
    }
    const std::string_view data = scanner.skip();
    if (data != "null") frame.data = data;
  }
  return false;
}

GremlinFrame scan(std::string_view bytes, const std::string& what) {
  GremlinFrame frame;
  JsonScanner scanner(bytes, {.what = what});
  scanner.open('{', "the answer is not an object");
  bool first = true;
  for (std::string_view name; scanner.next_member(first, name);) {
    if (name == "requestId") {
      frame.request_id = id_of(scanner);
    } else if (name == "status") {
      read_status(scanner, frame);
    } else if (name == "result" && scanner.peek() == '{') {
      if (read_result(scanner, bytes, frame)) return frame;
    } else {
      scanner.skip();
    }
  }
  scanner.end();
  return frame;
}

// The server's own words: of use to people, and from outside.
std::string shown(std::string_view raw, const std::string& what) {
  std::string text;
  codec::append_json_text(raw, {.what = what}, text);
  bool cut = text.size() > kLongestMessage;
  if (cut) {
    std::size_t end = kLongestMessage;
    while (end > 0 && (std::uint8_t(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
  }
  for (char& c : text) {
    if (std::uint8_t(c) < ' ' || c == 0x7f) c = ' ';
  }
  return cut ? text + "..." : text;
}

}  // namespace

GremlinFrame read_gremlin_frame(std::string_view frame, const std::string& what) {
  try {
    GremlinFrame out = scan(frame, what);
    if (out.code == 0) throw Corrupt(what, "an answer without a code");
    return out;
  } catch (const Corrupt& error) {
    throw Failed(what, "the server's answer cannot be read: " + error.reason(),
                 "check that the server speaks GraphSON 3 (application/vnd.gremlin-v3.0+json)");
  }
}

void check_gremlin_code(const GremlinFrame& frame, const std::string& what) {
  const auto told = [&](std::string_view begin) {
    return fmt::format("{} (code {}): {}", begin, frame.code, shown(frame.message, what));
  };
  switch (frame.code) {
    case 200:
    case 204:
    case 206:
    case 407:
      return;
    case 401:
    case 403:
      // What the server says here may repeat what it was sent.
      throw AccessDenied(what, fmt::format("the server does not allow it (code {})", frame.code),
                         "check user and password, and what that user may do");
    case 429:
      throw Unavailable(what, told("the server has too much to do"));
    case 598:
      throw DeadlineExceeded(what, told("the server gave up at its own time limit"),
                             "raise evaluationTimeout in the server's configuration");
    case 597:
      throw Failed(what, told("the script failed on the server"),
                   "look into the server's log; scripts in gremlin-groovy must be allowed");
    case 599:
      throw Failed(what, told("the server cannot write a value of the graph as GraphSON 3"),
                   "register the type's serializer in the server's configuration");
    default:
      throw Failed(what, told("the server refused the request"), "look into the server's log");
  }
}

}  // namespace holdfast::datastore::sg
