#include "config/report.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "config/key.h"

namespace holdfast::config {

namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Loaded& loaded, std::string_view kind, const Problem& problem) {
  return fmt::format("{}: {}\n", kind, to_error(loaded.source, problem).to_string());
}

Json to_json(const Problem& problem) {
  return {{"path", problem.path},    {"line", problem.line},       {"column", problem.column},
          {"why", problem.why},      {"allowed", problem.allowed}, {"nearest", problem.nearest},
          {"advice", problem.advice}};
}

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// The value as it may be seen.
NodePtr hidden(const Node& value) {
  if (value.kind == Node::Kind::kMap) {
    std::vector<Entry> entries;
    for (const Entry& entry : value.entries) {
      entries.push_back(Entry{entry.key, hidden(*entry.value)});
    }
    return map(std::move(entries));
  }
  return scalar(value.text.empty() ? "" : "***", true);
}

NodePtr shown_value(const Key& key, const Values& values) {
  NodePtr value = key.write(values);
  const bool secret = key.credential || value->kind == Node::Kind::kMap;
  return secret ? hidden(*value) : value;
}

// Of the keys that stand once for every store and moment only those that say something.
bool is_shown(const Loaded& loaded, const Key& key) {
  return key.family == key.path || loaded.origins.contains(key.path);
}

// Other readers of YAML take this name for true.
std::string yaml_key(const std::string& name) { return name == "on" ? "\"on\"" : name; }

// A scalar that YAML reads back as the same text.
std::string yaml_scalar(const Node& node) {
  if (!node.quoted) return node.text;
  std::string text = "\"";
  for (const char c : node.text) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

std::string yaml_flow(const Node& node) {
  std::vector<std::string> parts;
  if (node.kind == Node::Kind::kList) {
    for (const NodePtr& item : node.items) parts.push_back(yaml_flow(*item));
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
  if (node.kind == Node::Kind::kMap) {
    for (const Entry& entry : node.entries) {
      parts.push_back(
          fmt::format("{}: {}", yaml_scalar(*scalar(entry.key, true)), yaml_flow(*entry.value)));
    }
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
  }
  return yaml_scalar(node);
}

std::string origin_of(const Loaded& loaded, const std::string& path) {
  const auto found = loaded.origins.find(path);
  if (found == loaded.origins.end()) return "";
  const Origin& origin = found->second;
  const std::string other = origin.spelled == path ? "" : " as " + origin.spelled;
  switch (origin.kind) {
    case Origin::Kind::kFile:
      return fmt::format("  # line {}{}", origin.line, other);
    case Origin::Kind::kEnvironment:
      return "  # from " + origin.spelled;
    case Origin::Kind::kSecretFile:
      return "  # from the file that " + origin.spelled + " names";
    case Origin::Kind::kDerived:
      return "  # from " + origin.spelled;
    case Origin::Kind::kDefault:
      return "";
  }
  return "";
}

// Keys in an order in which every section is in one piece: by the first appearance of each part of
// the path.
std::vector<const Key*> put_in_sections() {
  std::vector<const Key*> left, ordered;
  for (const Key& key : all_keys()) {
    if (!key.ignored) left.push_back(&key);
  }
  const std::function<void(std::vector<const Key*>, std::size_t)> place =
      [&](std::vector<const Key*> group, std::size_t from) {
        while (!group.empty()) {
          const std::string& first = group.front()->path;
          const std::size_t dot = first.find('.', from);
          const std::string part = first.substr(0, dot);
          if (dot == std::string::npos) {
            ordered.push_back(group.front());
            group.erase(group.begin());
            continue;
          }
          const auto within = [&](const Key* key) { return key->path.starts_with(part + "."); };
          std::vector<const Key*> same;
          std::copy_if(group.begin(), group.end(), std::back_inserter(same), within);
          group.erase(std::remove_if(group.begin(), group.end(), within), group.end());
          place(std::move(same), dot + 1);
        }
      };
  place(std::move(left), 0);
  return ordered;
}

const std::vector<const Key*>& in_sections() {
  static const std::vector<const Key*> keys = put_in_sections();
  return keys;
}

// The elements of a list of mappings, each with its keys' last names.
NodePtr elements_of(const Key& key, const Values& values) {
  std::vector<NodePtr> items;
  for (std::size_t i = 0; i < key.count(values); ++i) {
    std::vector<Entry> entries;
    for (const Key& inner : key.elements(i)) {
      entries.push_back(
          Entry{inner.path.substr(inner.path.rfind('.') + 1), shown_value(inner, values)});
    }
    items.push_back(map(std::move(entries)));
  }
  return list(std::move(items));
}

NodePtr shown_of(const Key& key, const Values& values) {
  return key.elements ? elements_of(key, values) : shown_value(key, values);
}

Json json_of(const Node& node) {
  if (node.kind == Node::Kind::kList) {
    Json items = Json::array();
    for (const NodePtr& item : node.items) items.push_back(json_of(*item));
    return items;
  }
  if (node.kind == Node::Kind::kMap) {
    Json entries = Json::object();
    for (const Entry& entry : node.entries) entries[entry.key] = json_of(*entry.value);
    return entries;
  }
  if (node.quoted) return node.text;
  if (node.text == "true" || node.text == "false") return node.text == "true";
  const bool digits =
      !node.text.empty() && node.text.size() < 19 &&
      std::all_of(node.text.begin(), node.text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits) return std::stoull(node.text);
  return node.text;
}

}  // namespace

std::string check_text(const Loaded& loaded) {
  std::string text;
  for (const Problem& problem : loaded.problems) text += line_of(loaded, "error", problem);
  for (const Problem& warning : loaded.warnings) text += line_of(loaded, "warning", warning);
  return text + fmt::format("{}: {} errors, {} warnings\n", loaded.source, loaded.problems.size(),
                            loaded.warnings.size());
}

std::string check_json(const Loaded& loaded) {
  Json problems = Json::array(), warnings = Json::array();
  for (const Problem& problem : loaded.problems) problems.push_back(to_json(problem));
  for (const Problem& warning : loaded.warnings) warnings.push_back(to_json(warning));
  return dump({{"source", loaded.source},
               {"ok", loaded.problems.empty()},
               {"problems", std::move(problems)},
               {"warnings", std::move(warnings)}});
}

int check_status(const Loaded& loaded) {
  return loaded.problems.empty() ? 0 : exit_code(ErrorKind::kInvalidArgument);
}

std::string show_yaml(const Loaded& loaded) {
  std::string text;
  std::vector<std::string> open;  // the sections that the line before stands in
  for (const Key* key : in_sections()) {
    if (!is_shown(loaded, *key)) continue;
    std::vector<std::string> parts;
    for (std::size_t from = 0; from <= key->path.size();) {
      const std::size_t dot = std::min(key->path.find('.', from), key->path.size());
      parts.push_back(key->path.substr(from, dot - from));
      from = dot + 1;
    }
    std::size_t common = 0;
    while (common + 1 < parts.size() && common < open.size() && open[common] == parts[common]) {
      ++common;
    }
    for (std::size_t i = common; i + 1 < parts.size(); ++i) {
      text += std::string(2 * i, ' ') + parts[i] + ":\n";
    }
    open.assign(parts.begin(), parts.end() - 1);
    text += fmt::format("{}{}: {}{}\n", std::string(2 * (parts.size() - 1), ' '),
                        yaml_key(parts.back()), yaml_flow(*shown_of(*key, loaded.values)),
                        origin_of(loaded, key->path));
  }
  return text;
}

std::string show_json(const Loaded& loaded) {
  Json json = Json::object();
  for (const Key* key : in_sections()) {
    if (!is_shown(loaded, *key)) continue;
    Json* at = &json;
    for (std::size_t from = 0; from <= key->path.size();) {
      const std::size_t dot = std::min(key->path.find('.', from), key->path.size());
      at = &(*at)[key->path.substr(from, dot - from)];
      from = dot + 1;
    }
    *at = json_of(*shown_of(*key, loaded.values));
  }
  return dump(json);
}

}  // namespace holdfast::config
