#include "config/key.h"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::config {

namespace {

constexpr std::size_t kMostItems = 1000;

// Places are made for writing; looking through one changes nothing.
template <class T>
const T& look(const Place<T>& at, const Values& values) {
  return at(const_cast<Values&>(values));
}

std::string_view kind_of(const Node& node) {
  return node.kind == Node::Kind::kList ? "a list" : "a mapping";
}

// One pattern of a text that lists several. Charts put such texts between the quotes of a JSON
// array, so that users wrote the quotes in between themselves: sts*","other*.
std::string without_quotes(std::string_view item) {
  const auto border = [](char c) { return c == ' ' || c == '"' || c == '\'' || c == '\\'; };
  while (!item.empty() && border(item.front())) item.remove_prefix(1);
  while (!item.empty() && border(item.back())) item.remove_suffix(1);
  if (item.empty()) throw BadValue{"holds an empty pattern"};
  const auto strange = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '[' || c == ']';
  };
  if (std::any_of(item.begin(), item.end(), strange)) {
    throw BadValue{"a pattern holds a blank, a quote or a bracket"};
  }
  return std::string(item);
}

std::vector<std::string> split_patterns(const Node& node) {
  std::vector<std::string> patterns;
  for (const std::string& text : texts_of(node)) {
    std::string_view rest = text;
    if (rest.starts_with('[') && rest.ends_with(']')) {
      rest.remove_prefix(1);
      rest.remove_suffix(1);
    }
    while (true) {
      const std::size_t comma = rest.find(',');
      patterns.push_back(without_quotes(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  if (patterns.empty()) throw BadValue{"names nothing"};
  return patterns;
}

NodePtr list_of(const std::vector<std::string>& texts) {
  std::vector<NodePtr> items;
  for (const std::string& item : texts) items.push_back(scalar(item, true));
  return list(std::move(items));
}

}  // namespace

Key&& Key::also(std::string alias) && {
  aliases.push_back(std::move(alias));
  return std::move(*this);
}

Key&& Key::under(std::string family_path) && {
  family = std::move(family_path);
  return std::move(*this);
}

const std::string& text_of(const Node& node) {
  if (node.kind != Node::Kind::kScalar) throw BadValue{fmt::format("{} is given", kind_of(node))};
  return node.text;
}

std::vector<std::string> texts_of(const Node& node) {
  if (node.kind != Node::Kind::kList) return {text_of(node)};
  if (node.items.size() > kMostItems) {
    throw BadValue{fmt::format("a list of more than {}", kMostItems)};
  }
  std::vector<std::string> texts;
  for (const NodePtr& item : node.items) {
    texts.push_back(text_of(*item));
    check_text(texts.back());
  }
  return texts;
}

Key row(std::string path, std::string allowed, std::string value, std::string doc) {
  Key key;
  key.family = path;
  key.path = std::move(path);
  key.allowed = std::move(allowed);
  key.default_value = parse_document(value);
  key.default_text = std::move(value);
  key.doc = std::move(doc);
  return key;
}

Key flag(std::string path, Place<bool> at, bool value, std::string doc) {
  Key key = row(std::move(path), "true or false", value ? "true" : "false", std::move(doc));
  key.read = [at](Values& values, const Node& node) {
    // Helm takes every text that is not empty for true, "false" too.
    if (node.kind == Node::Kind::kScalar && node.quoted) {
      throw BadValue{"a text in quotes is given", "write it without quotes"};
    }
    at(values) = parse_flag(text_of(node));
  };
  key.write = [at](const Values& values) { return scalar(look(at, values) ? "true" : "false"); };
  return key;
}

Key number(std::string path, Place<std::uint64_t> at, std::uint64_t value, std::uint64_t least,
           std::uint64_t most, std::string doc) {
  Key key = row(std::move(path), fmt::format("a whole number from {} to {}", least, most),
                std::to_string(value), std::move(doc));
  key.read = [at, least, most](Values& values, const Node& node) {
    at(values) = parse_count(text_of(node), least, most);
  };
  key.write = [at](const Values& values) { return scalar(std::to_string(look(at, values))); };
  return key;
}

Key duration(std::string path, Place<Duration> at, std::string value, std::string doc, Zero zero) {
  Key key = row(std::move(path), "a time with its unit: ms, s, m, h or d, such as 90s or 1h30m",
                std::move(value), std::move(doc));
  key.read = [at, zero](Values& values, const Node& node) {
    const Duration time = parse_duration(text_of(node));
    if (time == Duration{0} && zero == Zero::kRefused) throw BadValue{"no time at all"};
    at(values) = time;
  };
  key.write = [at](const Values& values) { return scalar(format_duration(look(at, values))); };
  return key;
}

Key size(std::string path, Place<std::uint64_t> at, std::string value, std::string doc,
         std::uint64_t (*parse)(std::string_view)) {
  const bool split = parse == parse_split_size;
  Key key = row(std::move(path),
                split ? "bytes, or a whole number with K, M, G (1,024s) or KB, MB, GB (thousands)"
                      : "bytes, or a number with Ki, Mi, Gi, Ti (1,024s) or k, M, G, T (thousands)",
                std::move(value), std::move(doc));
  key.read = [at, parse](Values& values, const Node& node) { at(values) = parse(text_of(node)); };
  key.write = [at, split](const Values& values) {
    const std::uint64_t bytes = look(at, values);
    return scalar(split ? std::to_string(bytes) : format_size(bytes));
  };
  return key;
}

Key secret(std::string path, Place<Secret> at, std::string value, std::string doc) {
  Key key = row(std::move(path), "a text", std::move(value), std::move(doc));
  key.credential = true;
  key.read = [at](Values& values, const Node& node) {
    check_text(text_of(node));
    at(values) = Secret(node.text);
  };
  key.write = [at](const Values& values) { return scalar(look(at, values).reveal(), true); };
  return key;
}

Key text(std::string path, Place<std::string> at, std::string value, std::string doc,
         std::string allowed, std::function<std::string(std::string_view)> take) {
  Key key = row(std::move(path), std::move(allowed), std::move(value), std::move(doc));
  key.read = [at, take](Values& values, const Node& node) {
    check_text(text_of(node));
    at(values) = take ? take(node.text) : node.text;
  };
  key.write = [at](const Values& values) { return scalar(look(at, values), true); };
  return key;
}

Key bucket(std::string path, Place<std::string> at, std::string value, std::string doc) {
  return text(std::move(path), std::move(at), std::move(value), std::move(doc),
              "3 to 63 lower-case letters, digits, dots and dashes", [](std::string_view name) {
                check_bucket(name);
                return std::string(name);
              });
}

Key prefix(std::string path, Place<std::string> at, std::string value, std::string doc) {
  return text(std::move(path), std::move(at), std::move(value), std::move(doc),
              "a folder's name in the bucket, such as prod/eu, or empty", parse_prefix);
}

Key url(std::string path, Place<std::string> at, std::string value, std::string doc,
        std::vector<std::string> schemes) {
  std::string allowed = fmt::format("{}://HOST[:PORT][/PATH]", fmt::join(schemes, "|"));
  const bool optional = value == "\"\"";
  if (optional) allowed += ", or empty";
  return text(std::move(path), std::move(at), std::move(value), std::move(doc), std::move(allowed),
              [schemes, optional](std::string_view address) {
                if (!optional || !address.empty()) check_url(address, schemes);
                return std::string(address);
              });
}

Key listen(std::string path, Place<std::string> at, std::string value, std::string doc) {
  return text(std::move(path), std::move(at), std::move(value), std::move(doc),
              "HOST:PORT, [IPV6]:PORT or :PORT", [](std::string_view address) {
                check_listen(address);
                return std::string(address);
              });
}

Key cron(std::string path, Place<std::string> at, CronDialect dialect, std::string value,
         std::string doc, Empty empty) {
  std::string allowed(allowed_by(dialect));
  if (empty == Empty::kMeansOff) allowed += ", or empty to switch it off";
  return text(std::move(path), std::move(at), std::move(value), std::move(doc), std::move(allowed),
              [dialect, empty](std::string_view expression) {
                if (!expression.empty() || empty == Empty::kRefused) {
                  check_schedule(dialect, expression);
                }
                return std::string(expression);
              });
}

Key words(std::string path, Place<std::vector<std::string>> at, std::string value,
          std::string doc) {
  Key key = row(std::move(path), "a list of texts", std::move(value), std::move(doc));
  key.read = [at](Values& values, const Node& node) { at(values) = texts_of(node); };
  key.write = [at](const Values& values) { return list_of(look(at, values)); };
  return key;
}

Key patterns(std::string path, Place<std::vector<std::string>> at, std::string value,
             std::string doc) {
  Key key = row(std::move(path), "patterns with *: a list, a text with commas, or a JSON array",
                std::move(value), std::move(doc));
  key.read = [at](Values& values, const Node& node) { at(values) = split_patterns(node); };
  key.write = [at](const Values& values) { return list_of(look(at, values)); };
  return key;
}

Key secrets(std::string path, Place<std::map<std::string, Secret>> at, std::string doc) {
  Key key = row(std::move(path), "a mapping of names to texts", "{}", std::move(doc));
  key.read = [at](Values& values, const Node& node) {
    if (node.kind != Node::Kind::kMap) throw BadValue{"no mapping is given"};
    if (node.entries.size() > kMostItems) throw BadValue{"too many entries"};
    std::map<std::string, Secret> entries;
    for (const Entry& entry : node.entries) {
      check_text(entry.key);
      check_text(text_of(*entry.value));
      if (!entries.emplace(entry.key, Secret(entry.value->text)).second) {
        throw BadValue{"a name stands there twice"};
      }
    }
    at(values) = std::move(entries);
  };
  key.write = [at](const Values& values) {
    std::vector<Entry> entries;
    for (const auto& [name, value] : look(at, values)) {
      entries.push_back(Entry{name, scalar(value.reveal(), true)});
    }
    return map(std::move(entries));
  };
  return key;
}

Key ignored(std::string path, std::string value, std::string doc) {
  Key key = row(std::move(path), "anything", std::move(value), std::move(doc));
  key.ignored = true;
  key.read = [](Values&, const Node&) {};
  key.write = [](const Values&) { return std::make_shared<const Node>(); };
  return key;
}

const std::vector<Key>& all_keys() {
  static const std::vector<Key> keys = [] {
    std::vector<Key> made;
    add_backup_keys(made);
    add_store_keys(made);
    add_storage_keys(made);
    add_gateway_keys(made);
    add_holdfast_keys(made);
    add_server_keys(made);
    return made;
  }();
  return keys;
}

}  // namespace holdfast::config
