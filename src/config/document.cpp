#include "config/document.h"

#include <algorithm>
#include <fmt/format.h>
#include <istream>
#include <streambuf>
#include <unordered_map>
#include <unordered_set>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace holdfast::config {

namespace {

// Reads a text in place: an istringstream would copy it.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // only ever read: there is no put area
    setg(begin, begin, begin + text.size());
  }
};

class Builder : public YAML::EventHandler {
 public:
  explicit Builder(const DocumentLimits& limits) : limits_(limits) {}

  NodePtr take() { return root_ ? root_ : std::make_shared<Node>(); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    place(make(Node::Kind::kNull, mark), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = make(Node::Kind::kScalar, mark);
    node->text = value;
    node->quoted = tag != "?" && tag != "tag:yaml.org,2002:int" && tag != "tag:yaml.org,2002:bool";
    place(node, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end() || !found->second) {
      throw SyntaxError{"an alias stands inside what it names", "write the value out",
                        mark.line + 1, mark.column + 1};
    }
    count(1, mark.line + 1);
    attach(found->second, mark.line + 1, mark.column + 1);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(Node::Kind::kList, mark), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(Node::Kind::kMap, mark), anchor);
  }
  void OnMapEnd() override {
    merge(*open_.back().node);
    close();
  }

 private:
  struct Open {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor;
    bool has_key = false;
    std::string key;
    bool merge_key = false;
    int line = 0, column = 0;  // of the key
  };

  void count(std::size_t nodes, int line) {
    nodes_ += nodes;
    if (nodes_ > limits_.nodes) {
      throw SyntaxError{fmt::format("more than {} values", limits_.nodes),
                        "this is no file of values", line, 0};
    }
  }

  std::shared_ptr<Node> make(Node::Kind kind, const YAML::Mark& mark) {
    count(1, mark.line + 1);
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->line = mark.line + 1;
    node->column = mark.column + 1;
    return node;
  }

  void place(const std::shared_ptr<Node>& node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    attach(node, node->line, node->column);
  }

  void open(std::shared_ptr<Node> node, YAML::anchor_t anchor) {
    if (open_.size() >= limits_.depth) {
      throw SyntaxError{fmt::format("nested more than {} deep", limits_.depth),
                        "this is no file of values", node->line, node->column};
    }
    if (anchor != 0) anchors_[anchor] = nullptr;  // known, but not usable until it is closed
    open_.push_back(Open{std::move(node), anchor});
  }

  void close() {
    const Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0) anchors_[done.anchor] = done.node;
    attach(done.node, done.node->line, done.node->column);
  }

  void attach(const NodePtr& node, int line, int column) {
    if (open_.empty()) {
      root_ = node;
      return;
    }
    Open& parent = open_.back();
    raise(*parent.node, *node, line);
    if (parent.node->kind == Node::Kind::kList) {
      parent.node->items.push_back(node);
    } else if (!parent.has_key) {
      parent.has_key = true;
      parent.key = node->kind == Node::Kind::kScalar ? node->text : std::string();
      parent.merge_key = node->kind == Node::Kind::kScalar && !node->quoted && node->text == "<<";
      parent.line = line;
      parent.column = column;
    } else {
      parent.has_key = false;
      parent.node->entries.push_back(
          Entry{std::move(parent.key), node, parent.line, parent.column, parent.merge_key});
    }
  }

  // Aliases of aliases make a tall tree of a flat text, and everything that walks a tree does so by
  // recursion.
  void raise(Node& parent, const Node& child, int line) {
    parent.height = std::max(parent.height, child.height + 1);
    if (open_.size() + child.height > limits_.depth) {
      throw SyntaxError{fmt::format("nested more than {} deep", limits_.depth),
                        "this is no file of values", line, 0};
    }
  }

  // Until here `merged` marks a merge key itself; afterwards what came through one.
  void merge(Node& node) {
    std::vector<Entry> own, sources;
    for (Entry& entry : node.entries) (entry.merged ? sources : own).push_back(std::move(entry));
    node.entries = std::move(own);
    if (sources.empty()) return;
    std::unordered_set<std::string> known;
    for (const Entry& entry : node.entries) known.insert(entry.key);
    for (const Entry& source : sources) {
      const bool many = source.value->kind == Node::Kind::kList;
      for (const NodePtr& from : many ? source.value->items : std::vector<NodePtr>{source.value}) {
        if (from->kind != Node::Kind::kMap) {
          throw SyntaxError{"a merge key (<<) names something that is no mapping",
                            "name the anchor of a mapping", source.line, source.column};
        }
        count(from->entries.size(), source.line);
        node.height = std::max(node.height, from->height);
        for (const Entry& entry : from->entries) {
          if (!known.insert(entry.key).second) continue;
          node.entries.push_back(entry);
          node.entries.back().merged = true;
        }
      }
    }
  }

  const DocumentLimits limits_;
  std::size_t nodes_ = 0;
  NodePtr root_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, NodePtr> anchors_;
};

}  // namespace

bool operator==(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.text != b.text || a.items.size() != b.items.size() ||
      a.entries.size() != b.entries.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!(*a.items[i] == *b.items[i])) return false;
  }
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    if (a.entries[i].key != b.entries[i].key || !(*a.entries[i].value == *b.entries[i].value)) {
      return false;
    }
  }
  return true;
}

NodePtr scalar(std::string text, bool quoted) {
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::kScalar;
  node->text = std::move(text);
  node->quoted = quoted;
  return node;
}

NodePtr list(std::vector<NodePtr> items) {
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::kList;
  node->items = std::move(items);
  return node;
}

NodePtr map(std::vector<Entry> entries) {
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::kMap;
  node->entries = std::move(entries);
  return node;
}

NodePtr parse_document(std::string_view text, const DocumentLimits& limits) {
  if (text.size() > limits.bytes) {
    throw SyntaxError{fmt::format("{} bytes, at most {} are read", text.size(), limits.bytes),
                      "this is no file of values"};
  }
  TextBuffer buffer(text);
  std::istream stream(&buffer);
  try {
    YAML::Parser parser(stream);
    Builder builder(limits);
    if (!parser.HandleNextDocument(builder)) return std::make_shared<Node>();
    NodePtr root = builder.take();
    Builder rest(limits);
    if (parser.HandleNextDocument(rest) && rest.take()->kind != Node::Kind::kNull) {
      throw SyntaxError{"a second YAML document follows the first one",
                        "keep all values in one document", rest.take()->line, 1};
    }
    return root;
  } catch (const YAML::Exception& error) {
    throw SyntaxError{"not YAML: " + error.msg, "correct it there or on the line before",
                      error.mark.line + 1, error.mark.column + 1};
  }
}

}  // namespace holdfast::config
