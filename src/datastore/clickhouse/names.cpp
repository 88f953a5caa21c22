#include "datastore/clickhouse/names.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"

namespace holdfast::datastore::ch {

namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (char c : text) {
    if (c == quote || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\0') {
      out += "\\0";
    } else {
      out += c;
    }
  }
  return out + quote;
}

// Linear but for the backtracking to the last star.
bool fits(std::string_view text, std::string_view pattern) {
  std::size_t t = 0, p = 0, star = std::string_view::npos, from = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p, ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

constexpr std::string_view kFull = "full_", kIncremental = "incremental_";

}  // namespace

std::string encode_name(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (is_plain(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string quote_name(std::string_view name) { return quoted(name, '`'); }
std::string quote_name(const TableName& name) {
  return quote_name(name.database) + "." + quote_name(name.table);
}
std::string quote_text(std::string_view text) { return quoted(text, '\''); }

bool is_own_database(std::string_view database) {
  return database == "system" || database == "INFORMATION_SCHEMA" ||
         database == "information_schema" || database == "_temporary_and_external_tables";
}

bool is_scratch_database(std::string_view database) { return database.starts_with(kScratchPrefix); }

bool fits_patterns(const TableName& name, const std::vector<std::string>& patterns) {
  if (is_own_database(name.database) || is_scratch_database(name.database)) return false;
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    if (pattern.find('.') == std::string::npos) return fits(name.database, pattern);
    return fits(name.text(), pattern);
  });
}

std::string backup_name(NameKind kind, WallTime time) {
  std::string when = format_rfc3339(time).substr(0, 19);  // 2024-06-17T18:50:00
  std::replace(when.begin(), when.end(), ':', '-');
  return std::string(kind == NameKind::kFull ? kFull : kIncremental) + when;
}

std::optional<WallTime> time_of_backup(std::string_view name) {
  if (!name.starts_with(kFull) && !name.starts_with(kIncremental)) return std::nullopt;
  name.remove_prefix(name.find('_') + 1);
  constexpr std::string_view kForm = "0000-00-00T00-00-00";
  if (name.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    bool is_digit = name[i] >= '0' && name[i] <= '9';
    if (kForm[i] == '0' ? !is_digit : name[i] != kForm[i]) return std::nullopt;
  }
  std::string text(name);
  text[13] = text[16] = ':';
  try {
    return parse_rfc3339(text + "Z");
  } catch (const InvalidArgument&) {
    return std::nullopt;  // no such day
  }
}

bool is_possible_backup_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || name.starts_with('.')) return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

bool is_part_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name.find('_') != std::string_view::npos &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_plain(c) || c == '-'; });
}

std::string partition_of(std::string_view part) {
  std::vector<std::string_view> fields;
  for (std::size_t begin = 0; begin <= part.size();) {
    std::size_t end = std::min(part.find('_', begin), part.size());
    fields.push_back(part.substr(begin, end - begin));
    begin = end + 1;
  }
  // MINDATE_MAXDATE_MINBLOCK_MAXBLOCK_LEVEL
  if (fields.size() == 5 && fields[0].size() == 8 && fields[1].size() == 8) {
    return std::string(fields[0].substr(0, 6));
  }
  return std::string(fields.front());
}

}  // namespace holdfast::datastore::ch
