#include "datastore/stackgraph/gremlin/page.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <utility>

#include "base/error.h"

namespace holdfast::datastore::sg {

namespace {

using codec::JsonScanner;

constexpr std::size_t kChunk = std::size_t(64) * 1024;
constexpr char kTokenEnd = '`';

void open_list(JsonScanner& scanner) {
  if (!scanner.pass(R"({"@type":"g:List","@value":)")) scanner.fail("a list is not a g:List");
  scanner.open('[', "a list is not an array");
}

void close_list(JsonScanner& scanner) {
  if (!scanner.pass("}")) scanner.fail("a list has more members than it should");
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_whole_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
  return std::all_of(text.begin(), text.end(), is_digit);
}

bool is_uuid(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-';
  });
}

}  // namespace

// The text of one page, and behind it the values that the text has no form for.
class PageReader::Page {
 public:
  explicit Page(JsonScanner& scanner) : scanner_(scanner) {
    open_list(scanner);
    if (!scanner.next_element(first_)) fail("a page is empty");
    text_ = scanner.text("a page does not begin with its text");
  }

  bool is_read() const { return text_.empty(); }
  char mark() {
    if (text_.empty()) fail("a page ends in the middle");
    const char mark = text_.front();
    text_.remove_prefix(1);
    return mark;
  }
  // Whether another `mark` follows, or the end of what such marks begin.
  bool another(char begin) {
    const char next = mark();
    if (next == begin) return true;
    if (next != '.') fail("a mark is none that can stand there");
    return false;
  }
  std::string_view token() {
    const std::size_t end = text_.find(kTokenEnd);
    if (end == std::string_view::npos) fail("a page ends in the middle");
    const std::string_view token = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return token;
  }
  // As the server wrote it.
  std::string_view other() {
    if (!scanner_.next_element(first_)) fail("a page ends in the middle");
    return scanner_.skip();
  }
  void finish() {
    if (scanner_.next_element(first_)) fail("a page has more values than its text tells of");
    close_list(scanner_);
  }
  const codec::JsonOrigin& origin() const { return scanner_.origin(); }
  [[noreturn]] void fail(std::string_view why) const { scanner_.fail(why); }

 private:
  JsonScanner& scanner_;
  bool first_ = true;
  std::string_view text_;
};

PageReader::PageReader(std::string what, std::size_t longest, Visit visit)
    : what_(std::move(what)), longest_(longest), visit_(std::move(visit)) {}

void PageReader::add(std::string_view results) {
  try {
    JsonScanner scanner(results, {.what = what_});
    open_list(scanner);
    bool first = true;
    while (scanner.next_element(first)) read_page(scanner);
    close_list(scanner);
    scanner.end();
  } catch (const Corrupt& error) {
    throw Failed(what_, "the server's answer cannot be read: " + error.reason(),
                 "check that the server speaks GraphSON 3");
  }
}

void PageReader::finish() const {
  if (part_ != Part::kNone) throw Failed(what_, "the server's answer ends within a vertex");
}

void PageReader::read_page(JsonScanner& scanner) {
  Page page(scanner);
  while (!page.is_read()) {
    const char mark = page.mark();
    if ((mark == 'v') != (part_ == Part::kNone)) page.fail("a vertex within another one");
    if (mark == 'v') {
      read_vertex(page);
    } else if (mark != (part_ == Part::kOut ? 'x' : 'y')) {
      page.fail("a vertex goes on elsewhere than it ended");
    }
    read_edges(page);
  }
  page.finish();
}

void PageReader::read_vertex(Page& page) {
  line_.id = value(page);
  line_.label = name(page);
  while (page.another('p')) {
    codec::GraphProperty& property = line_.properties.emplace_back();
    property.key = name(page);
    property.id = value(page);
    property.value = value(page);
    property.meta = read_members(page);
  }
  part_ = Part::kOut;
}

void PageReader::read_edges(Page& page) {
  while (part_ != Part::kNone && !page.is_read()) {
    if (page.another('e')) {
      codec::GraphEdge& edge = (part_ == Part::kOut ? line_.out : line_.in).emplace_back();
      edge.label = name(page);
      edge.id = value(page);
      edge.other = value(page);
      edge.properties = read_members(page);
    } else if (part_ == Part::kOut) {
      part_ = Part::kIn;
    } else {
      visit_(line_);
      drop();
    }
  }
}

std::string_view PageReader::read_members(Page& page) {
  object_.clear();
  while (page.another('m')) {
    object_ += object_.empty() ? '{' : ',';
    append_value(page, object_);
    if (object_.back() != '"') page.fail("a key is not a text");
    object_ += ':';
    append_value(page, object_);
  }
  if (object_.empty()) return {};
  object_ += '}';
  return keep(object_);
}

std::string_view PageReader::value(Page& page) {
  value_.clear();
  append_value(page, value_);
  return keep(value_);
}

std::string_view PageReader::name(Page& page) {
  const std::string_view text = value(page);
  if (!text.starts_with('"')) page.fail("a label or a key is not a text");
  return text.substr(1, text.size() - 2);
}

void PageReader::append_value(Page& page, std::string& out) {
  const auto typed = [&](std::string_view type, std::string_view bytes, std::string_view end) {
    out += type;
    out += bytes;
    out += end;
  };
  const char kind = page.mark();
  if (kind == 's') {
    typed("\"", page.token(), "\"");
  } else if (kind == 'i' || kind == 'l') {
    const std::string_view number = page.token();
    if (!is_whole_number(number)) page.fail("a number is malformed");
    typed(kind == 'i' ? R"({"@type":"g:Int32","@value":)" : R"({"@type":"g:Int64","@value":)",
          number, "}");
  } else if (kind == 'd') {
    const std::string_view number = page.token();
    JsonScanner scanner(number, {.what = what_});
    if (number.empty() || !(is_digit(number.back()))) page.fail("a number is malformed");
    scanner.plain("a number is malformed");
    scanner.end();
    typed(R"({"@type":"g:Double","@value":)", number, "}");
  } else if (kind == 'u') {
    const std::string_view uuid = page.token();
    if (!is_uuid(uuid)) page.fail("a UUID is malformed");
    typed(R"({"@type":"g:UUID","@value":")", uuid, "\"}");
  } else if (kind == 't' || kind == 'f') {
    out += kind == 't' ? "true" : "false";
  } else if (kind == 'o') {
    out += page.other();
  } else {
    page.fail("a value is of no kind that is known");
  }
}

std::string_view PageReader::keep(std::string_view bytes) {
  kept_bytes_ += bytes.size();
  if (kept_bytes_ > longest_) {
    throw Unsupported(what_, fmt::format("a vertex has over {} bytes of edges", longest_),
                      "export this graph with its own tools");
  }
  if (kept_.empty() || kept_.back().capacity() - kept_.back().size() < bytes.size()) {
    kept_.emplace_back().reserve(std::max(kChunk, bytes.size()));
  }
  std::string& chunk = kept_.back();
  chunk.append(bytes);
  return std::string_view(chunk).substr(chunk.size() - bytes.size());
}

void PageReader::drop() {
  line_.clear();
  part_ = Part::kNone;
  kept_bytes_ = 0;
  if (kept_.size() > 1) kept_.resize(1);
  if (!kept_.empty()) kept_.front().clear();
}

}  // namespace holdfast::datastore::sg
