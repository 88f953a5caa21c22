#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "config/scalars.h"
#include "config/schedules.h"

namespace holdfast::config {

namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

constexpr std::array<std::string_view, 5> kUnits = {"weeks", "days", "hours", "minutes", "seconds"};

}  // namespace

// The first charts put the text into a program as the arguments of a call. Here it is only read:
// whole, positive numbers of units that a date phrase has too.
std::string phrase_of_timedelta(std::string_view text) {
  if (text.find('=') == std::string_view::npos) return "";
  std::string phrase;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view argument = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(argument.size() + 1, rest.size()));
    const std::size_t equals = std::min(argument.find('='), argument.size());
    const std::string_view unit = trimmed(argument.substr(0, equals));
    if (std::find(kUnits.begin(), kUnits.end(), unit) == kUnits.end()) {
      throw BadValue{"names another unit than weeks, days, hours, minutes and seconds"};
    }
    const std::string_view count = trimmed(argument.substr(std::min(equals + 1, argument.size())));
    const std::uint64_t number = parse_count(count, 0, 1'000'000'000);
    if (!phrase.empty()) phrase += ' ';
    phrase += fmt::format("{} {} ago", number, unit);
  }
  return phrase;
}

}  // namespace holdfast::config
