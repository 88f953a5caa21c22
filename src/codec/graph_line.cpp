#include "codec/graph_line.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

#include "base/error.h"

namespace holdfast::codec {

namespace {

[[noreturn]] void fail_unsupported(const JsonOrigin& origin, std::string_view why) {
  throw Unsupported(
      std::string(origin.what),
      origin.line == 0 ? std::string(why) : fmt::format("{} (line {})", why, origin.line),
      "only GraphSON 3 adjacency lines can be read: write the file anew with it");
}

// Finds a name that an object holds twice, also when it is escaped in another way.
class DistinctNames {
 public:
  void add(std::string_view name) { names_.push_back(name); }
  void check(const JsonScanner& scanner) {
    if (names_.size() < 2) return;
    const bool is_plain = std::none_of(names_.begin(), names_.end(), [](std::string_view name) {
      return name.find('\\') != name.npos;
    });
    std::vector<std::string> texts;
    if (!is_plain) {
      texts.reserve(names_.size());
      for (std::string_view& name : names_) {
        name = texts.emplace_back(json_text(name, scanner.origin()));
      }
    }
    std::sort(names_.begin(), names_.end());
    const auto twice = std::adjacent_find(names_.begin(), names_.end());
    if (twice != names_.end()) scanner.fail(fmt::format("\"{}\" is there twice", *twice));
  }

 private:
  std::vector<std::string_view> names_;
};

// A span that a line must have, once.
void take(JsonScanner& scanner, std::string_view name, std::string_view value,
          std::string_view& into) {
  if (!into.empty()) scanner.fail_at(value, fmt::format("\"{}\" is there twice", name));
  into = value;
}

void want(const JsonScanner& scanner, std::string_view value, std::string_view owner,
          std::string_view name) {
  if (value.empty()) scanner.fail(fmt::format("{} has no \"{}\"", owner, name));
}

// An object of properties, whole; empty when nothing is in it.
std::string_view read_object(JsonScanner& scanner, std::string_view expected) {
  if (scanner.peek() != '{') scanner.fail(expected);
  const std::string_view object = scanner.skip();
  return object.find('"') == object.npos ? std::string_view() : object;
}

void read_edge(JsonScanner& scanner, std::string_view other, GraphEdge& edge) {
  if (!scanner.pass("{")) scanner.open('{', "an edge is not an object");
  bool first = true, has_properties = false;
  std::string_view name;
  while (scanner.next_member(first, name)) {
    if (name == "id") {
      take(scanner, name, scanner.skip(), edge.id);
    } else if (name == other) {
      take(scanner, name, scanner.skip(), edge.other);
    } else if (name == "properties") {
      if (has_properties) scanner.fail("\"properties\" is there twice");
      has_properties = true;
      edge.properties = read_object(scanner, "an edge's properties are not an object");
    } else {
      fail_unsupported(scanner.origin(),
                       fmt::format("an edge has the unknown member \"{}\"", name));
    }
  }
  want(scanner, edge.id, "an edge", "id");
  want(scanner, edge.other, "an edge", other);
}

void read_edges(JsonScanner& scanner, std::string_view other, std::vector<GraphEdge>& into) {
  scanner.open('{', "the edges are not an object");
  bool first_label = true;
  std::string_view label;
  DistinctNames labels;
  while (scanner.next_member(first_label, label)) {
    labels.add(label);
    scanner.open('[', "the edges of a label are not an array");
    bool first = true;
    while (scanner.next_element(first)) {
      into.emplace_back().label = label;
      read_edge(scanner, other, into.back());
    }
  }
  labels.check(scanner);
}

void read_property(JsonScanner& scanner, GraphProperty& property) {
  scanner.open('{', "a vertex property is not an object");
  bool first = true, has_meta = false;
  std::string_view name;
  while (scanner.next_member(first, name)) {
    if (name == "id") {
      take(scanner, name, scanner.skip(), property.id);
    } else if (name == "value") {
      take(scanner, name, scanner.skip(), property.value);
    } else if (name == "properties") {
      if (has_meta) scanner.fail("\"properties\" is there twice");
      has_meta = true;
      property.meta = read_object(scanner, "meta-properties are not an object");
    } else {
      fail_unsupported(scanner.origin(),
                       fmt::format("a vertex property has the unknown member \"{}\"", name));
    }
  }
  want(scanner, property.id, "a vertex property", "id");
  want(scanner, property.value, "a vertex property", "value");
}

void read_properties(JsonScanner& scanner, std::vector<GraphProperty>& into) {
  scanner.open('{', "the properties are not an object");
  bool first_key = true;
  std::string_view key;
  DistinctNames keys;
  while (scanner.next_member(first_key, key)) {
    keys.add(key);
    scanner.open('[', "the values of a vertex property are not an array");
    bool first = true;
    while (scanner.next_element(first)) {
      into.emplace_back().key = key;
      read_property(scanner, into.back());
    }
  }
  keys.check(scanner);
}

// The members of a line that may be missing; one of each.
struct Parts {
  bool in = false, out = false, properties = false;
};

void begin_part(const JsonScanner& scanner, bool& is_there, std::string_view name) {
  if (is_there) scanner.fail(fmt::format("\"{}\" is there twice", name));
  is_there = true;
}

void read_member(JsonScanner& scanner, std::string_view name, Parts& parts, GraphLine& into) {
  if (name == "id") {
    take(scanner, name, scanner.skip(), into.id);
  } else if (name == "label") {
    if (into.label.data()) scanner.fail("\"label\" is there twice");
    if (scanner.peek() == '[' || scanner.peek() == '{') {
      fail_unsupported(scanner.origin(), "a vertex has several labels, as GraphSON 4 writes them");
    }
    into.label = scanner.text("the label is not a text");
  } else if (name == "inE") {
    begin_part(scanner, parts.in, name);
    read_edges(scanner, "outV", into.in);
  } else if (name == "outE") {
    begin_part(scanner, parts.out, name);
    read_edges(scanner, "inV", into.out);
  } else if (name == "properties") {
    begin_part(scanner, parts.properties, name);
    read_properties(scanner, into.properties);
  } else if (name == "vertices") {
    fail_unsupported(scanner.origin(), "the whole graph is one object, not a line a vertex");
  } else {
    fail_unsupported(scanner.origin(), fmt::format("a vertex has the unknown member \"{}\"", name));
  }
}

// Calls `visit` with the indices of each group of equal keys, in the order of their first.
template <typename Item, typename Visit>
void for_each_group(const std::vector<Item>& items, std::string_view Item::* key, Visit&& visit) {
  std::vector<std::size_t> order(items.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return items[a].*key < items[b].*key; });
  // Groups by their first item.
  std::vector<std::pair<std::size_t, std::size_t>> groups;  // begin and end in `order`
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || items[order[i]].*key != items[order[i - 1]].*key) groups.emplace_back(i, i);
    groups.back().second = i + 1;
  }
  std::sort(groups.begin(), groups.end(),
            [&](const auto& a, const auto& b) { return order[a.first] < order[b.first]; });
  for (const auto& [begin, end] : groups) visit(std::span(order).subspan(begin, end - begin));
}

void append_name(std::string_view name, std::string& out) {
  out += '"';
  out += name;
  out += "\":";
}

void append_edges(const std::vector<GraphEdge>& edges, std::string_view name,
                  std::string_view other, std::string& out) {
  if (edges.empty()) return;
  out += ',';
  append_name(name, out);
  char mark = '{';
  for_each_group(edges, &GraphEdge::label, [&](std::span<const std::size_t> group) {
    out += mark;
    mark = ',';
    append_name(edges[group.front()].label, out);
    char comma = '[';
    for (std::size_t index : group) {
      const GraphEdge& edge = edges[index];
      out += comma;
      comma = ',';
      out += "{\"id\":";
      out += edge.id;
      out += ',';
      append_name(other, out);
      out += edge.other;
      if (!edge.properties.empty()) {
        out += ",\"properties\":";
        out += edge.properties;
      }
      out += '}';
    }
    out += ']';
  });
  out += '}';
}

void append_properties(const std::vector<GraphProperty>& properties, std::string& out) {
  if (properties.empty()) return;
  out += ",\"properties\":";
  char mark = '{';
  for_each_group(properties, &GraphProperty::key, [&](std::span<const std::size_t> group) {
    out += mark;
    mark = ',';
    append_name(properties[group.front()].key, out);
    char comma = '[';
    for (std::size_t index : group) {
      const GraphProperty& property = properties[index];
      out += comma;
      comma = ',';
      out += "{\"id\":";
      out += property.id;
      out += ",\"value\":";
      out += property.value;
      if (!property.meta.empty()) {
        out += ",\"properties\":";
        out += property.meta;
      }
      out += '}';
    }
    out += ']';
  });
  out += '}';
}

}  // namespace

void GraphLine::clear() {
  id = label = {};
  out.clear();
  in.clear();
  properties.clear();
}

void read_graph_line(std::string_view line, const JsonOrigin& origin, GraphLine& into) {
  into.clear();
  JsonScanner scanner(line, origin);
  scanner.open('{', "the line is not an object");
  bool first = true;
  std::string_view name;
  Parts parts;
  while (scanner.next_member(first, name)) read_member(scanner, name, parts, into);
  want(scanner, into.id, "the vertex", "id");
  if (!into.label.data()) scanner.fail("the vertex has no \"label\"");
  scanner.end();
}

void read_graph_members(std::string_view object, const JsonOrigin& origin, GraphMembers& into) {
  into.clear();
  if (object.empty()) return;
  JsonScanner scanner(object, origin);
  scanner.open('{', "the properties are not an object");
  bool first = true;
  std::string_view name;
  DistinctNames names;
  while (scanner.next_member(first, name)) {
    names.add(name);
    into.emplace_back(name, scanner.skip());
  }
  names.check(scanner);
  scanner.end();
}

void append_graph_line(const GraphLine& line, std::string& out) {
  out += "{\"id\":";
  out += line.id;
  out += ",\"label\":\"";
  out += line.label;
  out += '"';
  append_edges(line.in, "inE", "outV", out);
  append_edges(line.out, "outE", "inV", out);
  append_properties(line.properties, out);
  out += "}\n";
}

}  // namespace holdfast::codec
