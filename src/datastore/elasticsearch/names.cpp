#include "datastore/elasticsearch/names.h"

#include <algorithm>

#include "base/random.h"
#include "codec/text.h"

namespace holdfast::datastore::es {

std::string make_snapshot_id() {
  std::string bytes = random_bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  std::string id = codec::to_base64(bytes).substr(0, 22);
  for (char& c : id) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return id;
}

std::string with_id(const std::string& name_template, const std::string& id) {
  if (name_template.size() > 2 && name_template.starts_with('<') && name_template.ends_with('>')) {
    return name_template.substr(0, name_template.size() - 1) + "-" + id + ">";
  }
  return name_template + "-" + id;
}

bool fits(std::string_view pattern, std::string_view name) {
  // Where to go on after the last star, when what follows it turns out not to fit.
  std::size_t p = 0, n = 0, star = std::string_view::npos, from = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool chosen(const std::vector<std::string>& patterns, std::string_view name) {
  bool is_in = false;
  for (std::string_view pattern : patterns) {
    const bool takes_away = pattern.starts_with('-');
    if (takes_away) pattern.remove_prefix(1);
    if (name.starts_with('.') && !pattern.starts_with('.') && !takes_away) continue;
    if (fits(pattern == "_all" ? "*" : pattern, name)) is_in = !takes_away;
  }
  return is_in;
}

namespace {

bool has_plain_characters(std::string_view name) {
  return std::none_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || (c >= 'A' && c <= 'Z') ||
           std::string_view("\\/*?\"<>|,#").find(c) != std::string_view::npos;
  });
}

}  // namespace

bool is_index_name(std::string_view name) {
  constexpr std::size_t kLongest = 255;
  if (name.empty() || name.size() > kLongest || name == "." || name == "..") return false;
  if (std::string_view("-_+").find(name.front()) != std::string_view::npos) return false;
  return has_plain_characters(name) && name.find(':') == std::string_view::npos;
}

bool is_alias_name(std::string_view name) {
  std::string small(name);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return is_index_name(small);
}

bool is_snapshot_name(std::string_view name) {
  return !name.empty() && !name.starts_with('_') && has_plain_characters(name);
}

std::string why_not_delete(std::string_view pattern) {
  if (pattern.empty()) return "it is empty";
  if (pattern == "_all" || pattern.find_first_not_of('*') == std::string_view::npos) {
    return "it means every index, those of the system as well";
  }
  if (pattern.starts_with('.')) return "names with a dot in front are the system's or hidden";
  if (pattern.starts_with('-') || pattern.find(',') != std::string_view::npos) {
    return "give one name or pattern at a time, without exclusions";
  }
  return "";
}

}  // namespace holdfast::datastore::es
