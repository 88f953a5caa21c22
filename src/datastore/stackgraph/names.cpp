#include "datastore/stackgraph/names.h"

#include <algorithm>
#include <fmt/format.h>
#include <regex>

#include "base/error.h"

namespace holdfast::datastore::sg {

namespace {

constexpr std::string_view kDate = "$(date +";
constexpr std::size_t kMostPartDigits = 4;
constexpr std::size_t kLongestName = 1024;

std::regex regexp_of(const NameRules& rules) {
  return std::regex(rules.parse_regexp, std::regex::extended);
}

// ".graph"; empty when the template has none.
std::string ending_of(const std::string& name_template) {
  const std::size_t dot = name_template.rfind('.');
  const std::size_t bracket = name_template.rfind(')');
  if (dot == std::string::npos || (bracket != std::string::npos && bracket > dot)) return "";
  return name_template.substr(dot);
}

}  // namespace

void check_rules(const NameRules& rules, const std::string& key) {
  try {
    if (regexp_of(rules).mark_count() > 0) return;
  } catch (const std::regex_error&) {
    throw InvalidArgument(key, "\"" + rules.parse_regexp + "\" is no regular expression");
  }
  throw InvalidArgument(key, "\"" + rules.parse_regexp + "\" has no group",
                        "put the time in round brackets");
}

bool names_tell_times(const NameRules& rules) {
  // Texts that sort otherwise in all but the order year, month, day, hour, minute.
  const Civil times[] = {{1999, 12, 31, 23, 59, 0}, {2031, 1, 2, 3, 4, 0}, {2031, 2, 1, 0, 5, 0}};
  std::string before;
  for (const Civil& time : times) {
    const auto date = date_in(rules, name_at(rules, time));
    if (!date || *date != format_civil(time, rules.datetime_format) || *date <= before)
      return false;
    before = *date;
  }
  return true;
}

void require_times_in_names(const NameRules& rules, const std::string& store) {
  if (names_tell_times(rules)) return;
  throw InvalidArgument("backup of " + store,
                        "the time in a name such as " + name_at(rules, {2031, 1, 2, 3, 4, 0}) +
                            " is not found again, or does not sort",
                        "make backupNameTemplate, backupNameParseRegexp and "
                        "backupDatetimeParseFormat fit each other, the year first");
}

std::string name_at(const NameRules& rules, const Civil& now) {
  std::string out;
  std::string_view rest = rules.name_template;
  while (!rest.empty()) {
    const std::size_t end = rest.starts_with(kDate) ? rest.find(')') : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += rest.front();
      rest.remove_prefix(1);
      continue;
    }
    out += format_civil(now, std::string(rest.substr(kDate.size(), end - kDate.size())));
    rest.remove_prefix(end + 1);
  }
  return out;
}

std::optional<std::string> date_in(const NameRules& rules, const std::string& name) {
  // The matcher goes as deep as a name is long.
  if (name.size() > kLongestName) return std::nullopt;
  std::smatch found;
  if (!std::regex_search(name, found, regexp_of(rules)) || found.size() < 2) return std::nullopt;
  if (found[1].length() == 0) return std::nullopt;
  return found[1].str();
}

bool is_export(const NameRules& rules, const std::string& name) {
  // Nobody makes such a name but to fool whoever reads a list.
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(name.begin(), name.end(), is_control)) return false;
  const std::string ending = ending_of(rules.name_template);
  if (name.ends_with(".graph")) return name.size() > std::string_view(".graph").size();
  if (!ending.empty()) return name.size() > ending.size() && name.ends_with(ending);
  return date_in(rules, name).has_value();
}

std::string part_name(const std::string& name, unsigned number) {
  return fmt::format("{}.{:02}", name, number);
}

std::optional<PartName> parse_part(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0) return std::nullopt;
  const std::string digits = name.substr(dot + 1);
  const bool is_number =
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits.size() < 2 || digits.size() > kMostPartDigits || !is_number) return std::nullopt;
  PartName part{name.substr(0, dot), unsigned(std::stoul(digits))};
  // "NAME.0007" is not what a split makes.
  if (part_name(part.name, part.number) != name) return std::nullopt;
  return part;
}

}  // namespace holdfast::datastore::sg
