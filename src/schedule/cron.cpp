#include "schedule/cron.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/column.h"
#include "base/error.h"
#include "schedule/dialects.h"

namespace holdfast::schedule {

namespace {

using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::size_t kMostText = 1024;
constexpr std::array<std::string_view, 3> kDialects = {"kubernetes", "cronexpr", "elasticsearch"};
constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};

template <std::size_t N>
std::optional<int> index_of(const std::array<std::string_view, N>& names, std::string_view name) {
  auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(found - names.begin());
}

}  // namespace

std::string_view name_of(Dialect dialect) { return kDialects[static_cast<std::size_t>(dialect)]; }

Dialect dialect_named(std::string_view name) {
  auto index = index_of(kDialects, name);
  if (!index) {
    throw InvalidArgument(fmt::format("schedule dialect '{}'", name.substr(0, 64)), "unknown",
                          fmt::format("use one of {}", fmt::join(kDialects, ", ")));
  }
  return static_cast<Dialect>(*index);
}

Schedule parse(Dialect dialect, std::string_view text, ZonePrefix prefix) {
  if (text.size() > kMostText) {
    Refusal(dialect, text, text)(text.substr(kMostText), fmt::format("{} bytes long", text.size()),
                                 fmt::format("at most {} bytes", kMostText));
  }
  std::shared_ptr<const Plan> plan;
  switch (dialect) {
    case Dialect::kKubernetes:
      plan = parse_kubernetes(text, prefix);
      break;
    case Dialect::kCronexpr:
      plan = parse_cronexpr(text);
      break;
    case Dialect::kElasticsearch:
      plan = parse_elasticsearch(text);
      break;
  }
  return {dialect, std::string(text), std::move(plan)};
}

std::optional<WallTime> Schedule::next(WallTime after, const Zone& zone) const {
  auto time = plan_->next(std::chrono::floor<seconds>(after), zone);
  // WallTime ends in 2262.
  if (!time || *time > std::chrono::floor<seconds>(WallTime::max())) return std::nullopt;
  return *time;
}

void Refusal::operator()(std::string_view at, std::string why, std::string_view allowed) const {
  auto offset = static_cast<std::size_t>(at.data() - read_.data());
  if (offset < origins_.size()) offset = origins_[offset];
  throw InvalidArgument(
      fmt::format("{} schedule '{}'", name_of(dialect_), shown_in_error(text_)),
      fmt::format("column {}: {}", column_of(text_, offset), shown_in_error(why, why.size())),
      fmt::format("allowed: {}", allowed));
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    std::size_t begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return parts;
    text.remove_prefix(begin);
    std::size_t size = std::min(text.find_first_of(separators), text.size());
    parts.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::optional<int> number(std::string_view digits, int limit) {
  if (digits.empty()) return std::nullopt;
  std::int64_t value = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
    if (value > limit) return std::nullopt;
  }
  return static_cast<int>(value);
}

std::optional<int> month_named(std::string_view name) {
  auto index = index_of(kMonths, name);
  return index ? std::optional(*index + 1) : std::nullopt;
}

std::optional<int> weekday_named(std::string_view name) { return index_of(kWeekdays, name); }

sys_seconds go_moment_of(local_seconds local, const Zone& zone) {
  // The period is first looked up as if `local` were UTC, then corrected once.
  auto period = zone.period_at(sys_seconds(local.time_since_epoch()));
  sys_seconds time(local.time_since_epoch() - period.offset);
  if (time >= period.begin && time < period.end) return time;
  return sys_seconds(local.time_since_epoch() - zone.period_at(time).offset);
}

sys_seconds moment_of(local_seconds local, const Zone& zone) {
  sys_seconds time = go_moment_of(local, zone);
  if (zone.to_local(time) == local) return time;
  return zone.to_local(time) > local ? time : zone.period_at(time).end;
}

}  // namespace holdfast::schedule
