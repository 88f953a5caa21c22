// One key of the values file as a row of a table, and the few kinds of rows there are. From these
// rows come the parser, the defaults, the errors, `config show` and docs/guide/values.md.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document.h"
#include "config/scalars.h"
#include "config/schedules.h"
#include "config/values.h"

namespace holdfast::config {

// Where a key's value lies.
template <class T>
using Place = std::function<T&(Values&)>;
// NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a member cannot stand in parentheses
#define HOLDFAST_AT(member) [=](Values& values) -> auto& { return values.member; }

struct Key {
  std::string path;                  // the first spelling, "backup.stackGraph.bucketName"
  std::vector<std::string> aliases;  // other spellings of the same key
  std::string family;                // the path under which the page of all keys has it
  std::string allowed;               // what may be written, for errors and the page
  std::string default_text;          // as YAML
  NodePtr default_value;             // the same, parsed
  std::string doc;
  bool credential =
      false;  // may come from the environment or, as PATHFile, from a file; hidden when shown
  bool ignored = false;  // the chart's own: accepted in any form and not used
  // Takes a value that is there and not null; throws BadValue.
  std::function<void(Values&, const Node&)> read;
  std::function<NodePtr(const Values&)> write;
  // A list of mappings: the keys of element `index`, with their full paths.
  std::function<std::vector<Key>(std::size_t index)> elements;
  std::function<void(Values&, std::size_t count)> resize;
  std::function<std::size_t(const Values&)> count;

  Key&& also(std::string alias) &&;
  Key&& under(std::string family_path) &&;
};

// The rows. `doc` is one sentence without a full stop.
Key flag(std::string path, Place<bool> at, bool value, std::string doc);
Key number(std::string path, Place<std::uint64_t> at, std::uint64_t value, std::uint64_t least,
           std::uint64_t most, std::string doc);
enum class Zero { kRefused, kAllowed };
Key duration(std::string path, Place<Duration> at, std::string value, std::string doc,
             Zero zero = Zero::kRefused);
Key size(std::string path, Place<std::uint64_t> at, std::string value, std::string doc,
         std::uint64_t (*parse)(std::string_view) = parse_size);
Key secret(std::string path, Place<Secret> at, std::string value, std::string doc);
// A text that `take` checks and may rewrite.
Key text(std::string path, Place<std::string> at, std::string value, std::string doc,
         std::string allowed = "a text",
         std::function<std::string(std::string_view)> take = nullptr);
Key bucket(std::string path, Place<std::string> at, std::string value, std::string doc);
Key prefix(std::string path, Place<std::string> at, std::string value, std::string doc);
Key url(std::string path, Place<std::string> at, std::string value, std::string doc,
        std::vector<std::string> schemes = {"http", "https"});
Key listen(std::string path, Place<std::string> at, std::string value, std::string doc);
enum class Empty { kRefused, kMeansOff };
Key cron(std::string path, Place<std::string> at, CronDialect dialect, std::string value,
         std::string doc, Empty empty = Empty::kRefused);
// A list of texts; one text alone is a list of one.
Key words(std::string path, Place<std::vector<std::string>> at, std::string value, std::string doc);
// The same, where a text may hold several, parted by commas or as a JSON array.
Key patterns(std::string path, Place<std::vector<std::string>> at, std::string value,
             std::string doc);
Key secrets(std::string path, Place<std::map<std::string, Secret>> at, std::string doc);
Key ignored(std::string path, std::string value, std::string doc);

// What the makers above are made of.
Key row(std::string path, std::string allowed, std::string value, std::string doc);
const std::string& text_of(const Node& node);  // BadValue for a list or a mapping
std::vector<std::string> texts_of(const Node& node);

template <class E>
using Names = std::vector<std::pair<std::string, E>>;
template <class E>
std::string joined(const Names<E>& names) {
  std::string text;
  for (const auto& [name, value] : names) text += (text.empty() ? "" : " | ") + name;
  return text;
}
template <class E>
E value_of(const Names<E>& names, const std::string& text) {
  for (const auto& [name, value] : names) {
    if (name == text) return value;
  }
  throw BadValue{"not one of the words that are known"};
}
template <class E>
std::string name_in(const Names<E>& names, E value) {
  for (const auto& [name, known] : names) {
    if (known == value) return name;
  }
  return "";
}

// One word of `names`.
template <class E>
Key choice(std::string path, Place<E> at, std::string value, Names<E> names, std::string doc) {
  Key key = row(std::move(path), joined(names), std::move(value), std::move(doc));
  key.read = [at, names](Values& values, const Node& node) {
    at(values) = value_of(names, text_of(node));
  };
  key.write = [at, names](const Values& values) {
    return scalar(name_in(names, at(const_cast<Values&>(values))));
  };
  return key;
}

// Any of `names`.
template <class E>
Key choices(std::string path, Place<std::vector<E>> at, std::string value, Names<E> names,
            std::string doc) {
  Key key = row(std::move(path), "a list of " + joined(names), std::move(value), std::move(doc));
  key.read = [at, names](Values& values, const Node& node) {
    std::vector<E> chosen;
    for (const std::string& word : texts_of(node)) chosen.push_back(value_of(names, word));
    at(values) = std::move(chosen);
  };
  key.write = [at, names](const Values& values) {
    std::vector<NodePtr> items;
    for (const E one : at(const_cast<Values&>(values))) {
      items.push_back(scalar(name_in(names, one)));
    }
    return list(std::move(items));
  };
  return key;
}

// Every key of ours, in the order of the page.
const std::vector<Key>& all_keys();
// The parts of it.
void add_backup_keys(std::vector<Key>& keys);
void add_store_keys(std::vector<Key>& keys);
void add_storage_keys(std::vector<Key>& keys);
void add_gateway_keys(std::vector<Key>& keys);
void add_holdfast_keys(std::vector<Key>& keys);
void add_server_keys(std::vector<Key>& keys);

}  // namespace holdfast::config
