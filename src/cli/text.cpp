#include "cli/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "base/column.h"
#include "base/error.h"

namespace holdfast::cli {

std::string format_bytes(std::uint64_t bytes) {
  static constexpr std::array<const char*, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = double(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{}B", bytes) : fmt::format("{:.2f}{}", value, kUnits[unit]);
}

std::string format_duration(Duration time) {
  auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  if (millis < 10'000) return fmt::format("{:.1f}s", double(millis) / 1000);
  auto seconds = millis / 1000;
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
}

std::string format_list_time(WallTime time) {
  const std::string text = format_rfc3339(time);
  return fmt::format("{}/{}/{} {}", text.substr(8, 2), text.substr(5, 2), text.substr(0, 4),
                     text.substr(11, 8));
}

std::int64_t parse_number(std::string_view text, std::string_view what, std::int64_t least,
                          std::int64_t most) {
  std::int64_t number = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code == std::errc() && end == text.data() + text.size() && number >= least &&
      number <= most) {
    return number;
  }
  throw InvalidArgument(fmt::format("{} '{}'", what, shown_in_error(text, 64)),
                        "not a whole number in range",
                        fmt::format("allowed: {} to {}", least, most));
}

WallTime parse_time_or(std::string_view text, std::string_view what, WallTime now) {
  if (text.empty()) return now;
  try {
    return parse_rfc3339(text);
  } catch (const InvalidArgument& error) {
    throw InvalidArgument(fmt::format("{} '{}'", what, shown_in_error(text, 64)),
                          "not a time of RFC 3339 in the years 1678 to 2261",
                          "allowed: such as 2026-03-31T03:00:00Z or 2026-03-31T05:00:00+02:00");
  }
}

Zone parse_zone(std::string_view text) {
  return text.empty() || text == "local" ? Zone::local() : Zone::named(text);
}

std::string format_table(const std::vector<std::vector<std::string>>& rows, std::size_t gap) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += fmt::format("{:<{}}", row[i], widths[i] + gap);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

Duration parse_duration(std::string_view text, std::string_view what) {
  std::uint32_t number = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, std::size_t(text.data() + text.size() - end));
  if (code == std::errc()) {
    if (unit.empty() || unit == "s") return std::chrono::seconds(number);
    if (unit == "m") return std::chrono::minutes(number);
    if (unit == "h") return std::chrono::hours(number);
    if (unit == "d") return std::chrono::hours(24) * number;
  }
  throw InvalidArgument(fmt::format("{} '{}'", what, text), "not a duration",
                        "write it as 90s, 5m, 2h or 1d");
}

}  // namespace holdfast::cli
