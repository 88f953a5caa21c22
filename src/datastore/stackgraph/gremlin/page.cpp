#include "datastore/stackgraph/gremlin/page.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "base/error.h"

namespace holdfast::datastore::sg {

namespace {

using codec::JsonScanner;

constexpr std::size_t kChunk = std::size_t(64) * 1024;

void open_list(JsonScanner& scanner) {
  if (!scanner.pass(R"({"@type":"g:List","@value":)")) scanner.fail("a list is not a g:List");
  scanner.open('[', "a list is not an array");
}

void close_list(JsonScanner& scanner) {
  if (!scanner.pass("}")) scanner.fail("a list has more members than it should");
}

void want(JsonScanner& scanner, bool& first) {
  if (!scanner.next_element(first)) scanner.fail("a page ends in the middle");
}

bool mark(JsonScanner& scanner) {
  const std::string_view word = scanner.plain("a mark is not true or false");
  if (word == "true") return true;
  if (word != "false") scanner.fail("a mark is not true or false");
  return false;
}

bool flag(JsonScanner& scanner, bool& first) {
  want(scanner, first);
  return mark(scanner);
}

std::string_view text(JsonScanner& scanner, bool& first) {
  want(scanner, first);
  return scanner.text("a label or a key is not a text");
}

std::string_view value(JsonScanner& scanner, bool& first) {
  want(scanner, first);
  return scanner.skip();
}

}  // namespace

PageReader::PageReader(std::string what, std::size_t longest, Visit visit)
    : what_(std::move(what)), longest_(longest), visit_(std::move(visit)) {}

void PageReader::add(std::string_view results) {
  try {
    JsonScanner scanner(results, {.what = what_});
    vertex_begin_ = results.data();
    open_list(scanner);
    bool first = true;
    while (scanner.next_element(first)) read_page(scanner);
    close_list(scanner);
    scanner.end();
  } catch (const Corrupt& error) {
    throw Failed(what_, "the server's answer cannot be read: " + error.reason(),
                 "check that the server speaks GraphSON 3");
  }
  if (part_ != Part::kNone) hold(results);
}

void PageReader::finish() const {
  if (part_ != Part::kNone) throw Failed(what_, "the server's answer ends within a vertex");
}

void PageReader::read_page(JsonScanner& scanner) {
  open_list(scanner);
  bool first = true;
  bool more = scanner.next_element(first);
  while (more) {
    const bool begins = mark(scanner);
    if (begins != (part_ == Part::kNone)) scanner.fail("a vertex within another one");
    if (begins) {
      read_vertex(scanner, first);
    } else if (flag(scanner, first) != (part_ == Part::kOut)) {
      scanner.fail("a vertex goes on elsewhere than it ended");
    }
    more = read_edges(scanner, first);
  }
  close_list(scanner);
}

void PageReader::read_vertex(JsonScanner& scanner, bool& first) {
  line_.id = value(scanner, first);
  vertex_begin_ = line_.id.data();
  line_.label = text(scanner, first);
  while (flag(scanner, first)) {
    codec::GraphProperty& property = line_.properties.emplace_back();
    property.key = text(scanner, first);
    property.id = value(scanner, first);
    property.value = value(scanner, first);
    property.meta = read_members(scanner, first);
  }
  part_ = Part::kOut;
}

bool PageReader::read_edges(JsonScanner& scanner, bool& first) {
  while (scanner.next_element(first)) {
    if (part_ == Part::kNone) return true;
    if (mark(scanner)) {
      codec::GraphEdge& edge = (part_ == Part::kOut ? line_.out : line_.in).emplace_back();
      edge.label = text(scanner, first);
      edge.id = value(scanner, first);
      edge.other = value(scanner, first);
      edge.properties = read_members(scanner, first);
    } else if (part_ == Part::kOut) {
      part_ = Part::kIn;
    } else {
      visit_(line_);
      drop();
    }
  }
  return false;
}

std::string_view PageReader::read_members(JsonScanner& scanner, bool& first) {
  object_.clear();
  while (flag(scanner, first)) {
    object_ += object_.empty() ? "{\"" : ",\"";
    object_ += text(scanner, first);
    object_ += "\":";
    object_ += value(scanner, first);
  }
  if (object_.empty()) return {};
  object_ += '}';
  return keep(object_);
}

std::string_view PageReader::keep(std::string_view bytes) {
  if (objects_.empty() || objects_.back().capacity() - objects_.back().size() < bytes.size()) {
    objects_.emplace_back().reserve(std::max(kChunk, bytes.size()));
  }
  std::string& chunk = objects_.back();
  chunk.append(bytes);
  return std::string_view(chunk).substr(chunk.size() - bytes.size());
}

void PageReader::hold(std::string_view results) {
  const std::size_t offset = std::size_t(vertex_begin_ - results.data());
  const std::string& copy = results_.emplace_back(results.substr(offset));
  held_bytes_ += copy.size();
  if (held_bytes_ > longest_) {
    throw Unsupported(what_, fmt::format("a vertex has over {} bytes of edges", longest_),
                      "export this graph with its own tools");
  }
  const auto move = [&](std::string_view& view) {
    if (!view.empty()) view = {copy.data() + (view.data() - vertex_begin_), view.size()};
  };
  if (!std::exchange(head_is_held_, true)) {
    move(line_.id);
    move(line_.label);
    for (codec::GraphProperty& property : line_.properties) {
      move(property.key);
      move(property.id);
      move(property.value);
    }
  }
  const auto move_edges = [&](std::vector<codec::GraphEdge>& edges, std::size_t& held) {
    for (; held < edges.size(); ++held) {
      move(edges[held].label);
      move(edges[held].id);
      move(edges[held].other);
    }
  };
  move_edges(line_.out, held_out_);
  move_edges(line_.in, held_in_);
}

void PageReader::drop() {
  line_.clear();
  part_ = Part::kNone;
  held_out_ = held_in_ = held_bytes_ = 0;
  head_is_held_ = false;
  results_.clear();
  if (objects_.size() > 1) objects_.resize(1);
  if (!objects_.empty()) objects_.front().clear();
}

}  // namespace holdfast::datastore::sg
