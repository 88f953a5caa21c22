#include "retention/date_delta.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <optional>

#include "base/column.h"
#include "base/error.h"
#include "retention/clock_search.h"
#include "retention/date_phrase.h"

namespace holdfast::retention {

namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::size_t kMostText = 1024;
// A hundred thousand years.
constexpr std::int64_t kMostDays = 36'525'000;

struct Unit {
  std::string_view name;
  std::int64_t microseconds;
};
constexpr std::array<Unit, 7> kUnits = {{{"weeks", 604'800'000'000},
                                         {"days", 86'400'000'000},
                                         {"hours", 3'600'000'000},
                                         {"minutes", 60'000'000},
                                         {"seconds", 1'000'000},
                                         {"milliseconds", 1'000},
                                         {"microseconds", 1}}};

// `at` is the part of `text` that is wrong.
[[noreturn]] void refuse(std::string_view text, std::string_view at, const std::string& why) {
  const auto offset = static_cast<std::size_t>(at.data() - text.data());
  throw InvalidArgument(
      fmt::format("retention '{}'", shown_in_error(text)),
      fmt::format("column {}: {}", column_of(text, offset), shown_in_error(why, why.size())),
      "use a phrase such as 30 days ago, or days = 30");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\r";
  std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// -12.5 times `unit` in microseconds; nothing when it is no such number, or too large.
std::optional<std::int64_t> amount_of(std::string_view number, std::int64_t unit) {
  bool negative = number.starts_with('-');
  if (negative || number.starts_with('+')) number.remove_prefix(1);
  number = trimmed(number);
  std::size_t point = std::min(number.find('.'), number.size());
  if (number.size() - (point < number.size() ? 1 : 0) == 0) return std::nullopt;
  std::int64_t sum = 0, place = unit;
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (i == point) continue;
    std::int64_t digit = number[i] - '0';
    if (digit < 0 || digit > 9) return std::nullopt;
    if (i < point) {
      if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, digit, &sum)) {
        return std::nullopt;
      }
      if (i + 1 == point && __builtin_mul_overflow(sum, unit, &sum)) return std::nullopt;
    } else {
      // Units are far larger than what the cut-off rest of a digit could change.
      place /= 10;
      sum += digit * place;
    }
  }
  return negative ? -sum : sum;
}

microseconds timedelta_of(std::string_view text) {
  std::int64_t sum = 0;
  std::array<bool, kUnits.size()> seen{};
  std::string_view rest = trimmed(text);
  // As in Python a comma may stand behind the last argument.
  while (!rest.empty()) {
    std::string_view argument = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(argument.size() + 1, rest.size()));
    rest = trimmed(rest);
    std::size_t equals = std::min(argument.find('='), argument.size());
    std::string_view name = trimmed(argument.substr(0, equals));
    auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                             [&](const Unit& known) { return known.name == name; });
    if (unit == kUnits.end()) {
      refuse(text, name,
             fmt::format("'{}' is none of weeks, days, hours, minutes, seconds, "
                         "milliseconds, microseconds",
                         name.substr(0, 64)));
    }
    bool& twice = seen[static_cast<std::size_t>(unit - kUnits.begin())];
    if (twice) refuse(text, name, fmt::format("'{}' comes twice", name));
    twice = true;
    std::string_view value = trimmed(argument.substr(std::min(equals + 1, argument.size())));
    auto amount = amount_of(value, unit->microseconds);
    if (!amount) {
      refuse(text, value, fmt::format("'{}' is not a number that fits", value.substr(0, 64)));
    }
    if (__builtin_add_overflow(sum, *amount, &sum)) refuse(text, value, "too long");
  }
  if (std::abs(sum) / kUnits[1].microseconds > kMostDays) refuse(text, text, "too long");
  return microseconds(sum);
}

// A name and = come first; TZ= begins a phrase, and within a comment = is just a character.
bool is_timedelta(std::string_view text) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = trimmed(text.substr(0, equals));
  return name != "TZ" && name.find_first_not_of(kLetters) == std::string_view::npos;
}

}  // namespace

sys_seconds moment_of_delta(std::string_view text, sys_seconds now, const Zone& zone) {
  if (text.size() > kMostText) {
    refuse(text, text.substr(kMostText), fmt::format("longer than {} bytes", kMostText));
  }
  if (!is_timedelta(text)) return moment_of_phrase(text, now, zone);
  // The script subtracts from the time that its own clock shows.
  auto local = std::chrono::floor<seconds>(zone.to_local(now) - timedelta_of(text));
  // Without a season there is always an answer.
  return ClockSearch(zone).find(local, Season::kUnknown).value();
}

WallTime cutoff_of(std::string_view text, WallTime now, const Zone& zone) {
  sys_seconds moment = moment_of_delta(text, std::chrono::floor<seconds>(now), zone);
  return std::clamp(moment, std::chrono::ceil<seconds>(WallTime::min()),
                    std::chrono::floor<seconds>(WallTime::max()));
}

}  // namespace holdfast::retention
