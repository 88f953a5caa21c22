#include "config/reader.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "config/nearest.h"

namespace holdfast::config {

namespace {

constexpr std::size_t kMostProblems = 100;
constexpr std::uint64_t kLargestSecretFile = 64 * 1024;
constexpr std::size_t kLongestName = 128;

// A name from the file as it may stand in a message: it may be of any length and hold anything.
std::string shown(const std::string& name) {
  std::string text = name.substr(0, kLongestName);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text.size() < name.size() ? text + "..." : text;
}

// Every key's default, read once: each file starts from a copy.
const Values& default_values() {
  static const Values values = [] {
    Values made;
    for (const Key& key : all_keys()) {
      if (!key.elements) key.read(made, *key.default_value);
    }
    return made;
  }();
  return values;
}

std::string join_path(const std::string& section, const std::string& name) {
  return section.empty() ? shown(name) : section + "." + shown(name);
}

}  // namespace

void Reader::add(Problem problem) {
  if (into_.problems.size() < kMostProblems) into_.problems.push_back(std::move(problem));
}

void Reader::warn(Problem problem) {
  if (into_.warnings.size() < kMostProblems) into_.warnings.push_back(std::move(problem));
}

void Reader::read(const Node& document) {
  static const Branch tree = make_tree(all_keys());
  if (document.kind == Node::Kind::kScalar || document.kind == Node::Kind::kList) {
    add({"", document.line, document.column, "the file holds no mapping of keys to values", "", "",
         "give a Helm values file"});
  }
  into_.values = default_values();
  read_rows(all_keys(), tree, document);
  note_variables();
}

void Reader::read_rows(const std::vector<Key>& keys, const Branch& tree, const Node& section) {
  GivenByKey given(keys.size());
  collect(keys, section, tree, tree.spelled, given);
  for (std::size_t i = 0; i < keys.size(); ++i) fill(keys[i], std::move(given[i]));
}

void Reader::collect(const std::vector<Key>& keys, const Node& section, const Branch& level,
                     const std::string& path, GivenByKey& given) {
  std::map<std::string, int, std::less<>> seen;
  for (const Entry& entry : section.entries) {
    const auto known = level.branches.find(entry.key);
    if (known == level.branches.end() && !level.ours) {
      collect_stranger(keys, level, path, entry);
      continue;
    }
    const std::string full = join_path(path, entry.key);
    const auto [first, is_new] = seen.emplace(entry.key, entry.line);
    if (!is_new) {
      add({full, entry.line, entry.column,
           fmt::format("stands there twice, first in line {}", first->second), "", "",
           "keep one of them"});
      continue;
    }
    if (known == level.branches.end()) {
      collect_stranger(keys, level, path, entry);
      continue;
    }
    const Branch& branch = known->second;
    if (entry.value->kind == Node::Kind::kNull) continue;  // as good as not there, as Helm has it
    if (branch.key >= 0) {
      given[static_cast<std::size_t>(branch.key)].push_back(
          {branch.file, full, entry.value, entry.line, entry.column});
    } else if (entry.value->kind == Node::Kind::kMap) {
      collect(keys, *entry.value, branch, full, given);
    } else {
      add({full, entry.line, entry.column,
           entry.value->kind == Node::Kind::kList ? "a list is given" : "a single value is given",
           fmt::format("a mapping of {}", fmt::join(names_in(branch), ", ")), "", ""});
    }
  }
}

void Reader::collect_stranger(const std::vector<Key>& keys, const Branch& level,
                              const std::string& path, const Entry& entry) {
  const std::string full = join_path(path, entry.key);
  if (level.ours) {
    if (into_.problems.size() >= kMostProblems) return;
    add({full, entry.line, entry.column, "not a key that is known",
         fmt::format("{}", fmt::join(names_in(level), ", ")),
         entry.key.size() > kLongestName ? "" : nearest_path(keys, level, entry.key), ""});
    return;
  }
  const bool dotted = path.empty() && entry.key.find('.') != std::string::npos;
  if (dotted && std::any_of(keys.begin(), keys.end(),
                            [&](const Key& key) { return key.path == entry.key; })) {
    warn({full, entry.line, entry.column, "one name with dots in it, which nobody reads", "", full,
          "write it as nested mappings"});
    return;
  }
  const std::string near = slip_for(level, entry.key);
  if (near.empty()) return;
  warn({full, entry.line, entry.column, "not a key of holdfast, but nearly", "", near,
        "correct it, or leave it if it is meant for another chart"});
}

void Reader::fill(const Key& key, std::vector<Given> given) {
  if (key.elements) {
    if (!given.empty()) read_elements(key, given.front());
    return;
  }
  if (key.ignored) return;
  if (disagree(key, given)) return;
  if (key.credential && fill_from_environment(key)) return;
  if (given.empty()) return;
  const Given& first = given.front();
  if (!first.file) {
    take(key, *first.value, first, {Origin::Kind::kFile, first.spelled, "", first.line});
    return;
  }
  try {
    fill_from_secret_file(key, text_of(*first.value), first);
  } catch (const BadValue& bad) {
    add({first.spelled, first.line, first.column, bad.why, "the path of a file", "", ""});
  }
}

// Two spellings of one key, or a value and a file, must mean the same.
bool Reader::disagree(const Key& key, const std::vector<Given>& given) {
  for (std::size_t i = 1; i < given.size(); ++i) {
    bool same = false;
    try {
      Values one = into_.values, other = into_.values;
      key.read(one, *given[0].value);
      key.read(other, *given[i].value);
      same = given[0].file == given[i].file &&
             (given[0].file ? given[0].value->text == given[i].value->text
                            : *key.write(one) == *key.write(other));
    } catch (const BadValue&) {
      continue;  // told when it is taken
    }
    if (same) continue;
    add({given[i].spelled, given[i].line, given[i].column,
         fmt::format("differs from {} in line {}, which is the same setting", given[0].spelled,
                     given[0].line),
         "", "", "keep one of them"});
    return true;
  }
  return false;
}

void Reader::take(const Key& key, const Node& value, const Given& given, Origin origin) {
  try {
    key.read(into_.values, value);
    into_.origins[key.path] = std::move(origin);
  } catch (const BadValue& bad) {
    add({given.spelled, given.line, given.column, bad.why, key.allowed, "", bad.advice});
  }
}

bool Reader::fill_from_environment(const Key& key) {
  std::vector<std::string> spellings = key.aliases;
  spellings.insert(spellings.begin(), key.path);
  std::optional<Given> first;
  for (const std::string& path : spellings) {
    for (const bool file : {false, true}) {
      const std::string name = variable_of(file ? path + "File" : path);
      variables_.insert(name);
      const std::optional<std::string> value = environment_.get(name);
      if (!value || value->empty()) continue;  // an empty variable is as good as none
      if (first) {
        add({name, 0, 0, "is set and so is " + first->spelled + ", which is the same setting", "",
             "", "keep one of them"});
        return true;
      }
      first = Given{file, name, scalar(*value, true), 0, 0};
    }
  }
  if (!first) return false;
  if (first->file) {
    fill_from_secret_file(key, first->value->text, *first);
  } else {
    take(key, *first->value, *first, {Origin::Kind::kEnvironment, first->spelled, "", 0});
  }
  return true;
}

void Reader::fill_from_secret_file(const Key& key, const std::string& path, const Given& given) {
  std::string content;
  try {
    std::error_code ignored;  // what is wrong is told by reading it
    if (fs::exists(path, ignored) && !fs::is_regular_file(path, ignored)) {
      throw InvalidArgument(path,
                            "not a regular file");  // reading a pipe would wait for its writer
    }
    content = read_file(path, kLargestSecretFile);
  } catch (const Error& error) {
    add({given.spelled, given.line, given.column, "its file cannot be read: " + error.reason(), "",
         "", "give the path of a readable file of at most 64 KiB"});
    return;
  }
  while (content.ends_with('\n') || content.ends_with('\r')) content.pop_back();
  if (content.empty()) {
    add({given.spelled, given.line, given.column, "its file is empty", key.allowed, "", ""});
    return;
  }
  take(key, *scalar(std::move(content), true), given,
       {Origin::Kind::kSecretFile, given.spelled, path, given.line});
}

void Reader::read_elements(const Key& key, const Given& given) {
  if (given.value->kind != Node::Kind::kList) {
    add({given.spelled, given.line, given.column, "no list is given", key.allowed, "", ""});
    return;
  }
  const std::vector<NodePtr>& items = given.value->items;
  try {
    key.resize(into_.values, items.size());
  } catch (const BadValue& bad) {
    add({given.spelled, given.line, given.column, bad.why, key.allowed, "", bad.advice});
    return;
  }
  into_.origins[key.path] = {Origin::Kind::kFile, given.spelled, "", given.line};
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string element = fmt::format("{}[{}]", key.path, i);
    if (items[i]->kind != Node::Kind::kMap) {
      add({element, items[i]->line, items[i]->column, "no mapping is given", key.allowed, "", ""});
    }
    const std::vector<Key> keys = key.elements(i);
    into_.origins[element] = {Origin::Kind::kFile, element, "", items[i]->line};
    for (const Key& inner : keys) inner.read(into_.values, *inner.default_value);
    Branch tree = make_tree(keys, element + ".");
    tree.spelled = element;
    read_rows(keys, tree, *items[i]);
  }
}

// A variable that nearly has the name of one of ours is a secret that will be missed, and one of a
// key that is no secret is a setting that is not read.
void Reader::note_variables() {
  const std::vector<std::string> names(variables_.begin(), variables_.end());
  std::map<std::string, std::string> not_secret;
  for (const Key& key : all_keys()) {
    if (!key.credential && !key.ignored) not_secret.emplace(variable_of(key.path), key.path);
  }
  for (const auto& [name, value] : environment_.variables()) {
    if (!name.starts_with("HOLDFAST_") || variables_.contains(name)) continue;
    const auto plain = not_secret.find(name);
    const std::string near = plain == not_secret.end() ? nearest_of(name, names) : "";
    if (plain != not_secret.end()) {
      warn({name, 0, 0, "is not read: only secrets come from the environment", "", plain->second,
            "give it in the values"});
    } else if (edit_distance(name, near) <= 2) {
      warn({shown(name), 0, 0, "not a variable of holdfast, but nearly", "", near, "correct it"});
    }
  }
}

}  // namespace holdfast::config
