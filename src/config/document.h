// A YAML text as a tree, without the parser's own types. What comes in may be hostile: its size,
// depth, number of values and every way to multiply them (anchors, merge keys) are bounded.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

struct Node;
using NodePtr = std::shared_ptr<const Node>;

// Lines and columns count from 1; 0 where a node was not read from a text.
struct Entry {
  std::string key;
  NodePtr value;
  int line = 0, column = 0;
  bool merged = false;  // came through a merge key (<<), so an entry of the mapping itself wins
};
struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  bool quoted = false;  // a scalar that can only be a text
  std::string text;
  std::vector<NodePtr> items;
  std::vector<Entry> entries;  // in the order of the text, doubles included
  int line = 0, column = 0;
  std::size_t height = 0;  // levels below this one, aliases counted as what they name
  friend bool operator==(const Node& a,
                         const Node& b);  // by content; quoting and places do not count
};

NodePtr scalar(std::string text, bool quoted = false);
NodePtr list(std::vector<NodePtr> items);
NodePtr map(std::vector<Entry> entries);

struct DocumentLimits {
  std::size_t bytes = 8u << 20;
  std::size_t depth = 100;
  std::size_t nodes = 200'000;
};

// Why a text is no tree: one line, without the text's own content.
struct SyntaxError {
  std::string why, advice;
  int line = 0, column = 0;
};

// The one document of `text`; kNull for an empty one. An alias shares its anchor's node, merge keys
// are resolved. Throws SyntaxError.
NodePtr parse_document(std::string_view text, const DocumentLimits& limits = {});

}  // namespace holdfast::config
