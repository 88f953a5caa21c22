#include "base/zone_rule.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/civil.h"

namespace holdfast {

namespace {

constexpr int kNoWeekLimit = 5;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

}  // namespace

struct ZoneRule::Reader {
  std::string_view rest;
  bool ok = true;

  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok = take(c) && ok; }

  int number(int low, int high) {
    int value = 0;
    std::size_t size = 0;
    while (size < rest.size() && size < 4 && is_digit(rest[size])) {
      value = value * 10 + (rest[size++] - '0');
    }
    if (size == 0 || value < low || value > high) ok = false;
    rest.remove_prefix(size);
    return value;
  }

  // Three or more letters, or anything printable between < and >.
  std::string abbreviation() {
    bool quoted = take('<');
    std::size_t size = 0;
    auto belongs = [&](char c) {
      return is_letter(c) || (quoted && (is_digit(c) || c == '+' || c == '-'));
    };
    while (size < rest.size() && belongs(rest[size])) ++size;
    std::string text(rest.substr(0, size));
    rest.remove_prefix(size);
    if (quoted) expect('>');
    if (size < 3 || size > 30) ok = false;
    return text;
  }

  // [+-]hh[:mm[:ss]]
  std::chrono::seconds clock(int most_hours) {
    int sign = take('-') ? -1 : 1;
    if (sign == 1) take('+');
    int seconds = number(0, most_hours) * 3600;
    if (take(':')) seconds += number(0, 59) * 60;
    if (take(':')) seconds += number(0, 59);
    return std::chrono::seconds(sign * seconds);
  }

  Change change() {
    Change change;
    expect(',');
    if (take('M')) {
      change.month = number(1, 12);
      expect('.');
      change.week = number(1, kNoWeekLimit);
      expect('.');
      change.weekday = number(0, 6);
    } else if (take('J')) {
      change.form = Change::Form::kDayWithoutLeap;
      change.day = number(1, 365);
    } else {
      change.form = Change::Form::kDayWithLeap;
      change.day = number(0, 365);
    }
    if (take('/')) change.time = clock(167);
    return change;
  }
};

std::optional<ZoneRule> ZoneRule::parse(std::string_view text) {
  Reader reader{text};
  ZoneRule rule;
  rule.standard_.abbreviation = reader.abbreviation();
  // POSIX counts offsets westward.
  rule.standard_.offset = -reader.clock(24);
  if (reader.ok && !reader.rest.empty()) {
    Kind daylight;
    daylight.abbreviation = reader.abbreviation();
    daylight.offset = rule.standard_.offset + std::chrono::hours(1);
    if (!reader.rest.empty() && reader.rest.front() != ',') daylight.offset = -reader.clock(24);
    rule.begin_ = reader.change();
    rule.end_ = reader.change();
    rule.daylight_ = daylight;
  }
  if (!reader.ok || !reader.rest.empty()) return std::nullopt;
  return rule;
}

std::chrono::local_seconds ZoneRule::moment_of(const Change& change, std::int64_t year) {
  if (change.form != Change::Form::kWeekday) {
    bool leap = days_in_month(year, 2) == 29;
    int day = change.day;
    if (change.form == Change::Form::kDayWithoutLeap && !(leap && day >= 60)) --day;
    return time_of({year, 1, 1 + day}) + change.time;
  }
  auto first = time_of({year, change.month, 1});
  int day = 1 + (change.weekday - weekday_of(first) + 7) % 7 + 7 * (change.week - 1);
  if (day > days_in_month(year, change.month)) day -= 7;
  return time_of({year, change.month, day}) + change.time;
}

Zone::Period ZoneRule::period_at(std::chrono::sys_seconds time) const {
  using std::chrono::sys_seconds;
  if (!daylight_) {
    return {sys_seconds::min(), sys_seconds::max(), standard_.offset, false,
            standard_.abbreviation};
  }
  auto utc = [](std::chrono::local_seconds local, std::chrono::seconds offset) {
    return sys_seconds(local.time_since_epoch() - offset);
  };
  std::int64_t year =
      civil_of(std::chrono::local_seconds(time.time_since_epoch() + standard_.offset)).year;
  // Each change with whether daylight saving holds from it on. On a tie the end comes first, so
  // that a rule whose daylight time lasts the whole year has no gap at new year.
  std::vector<std::pair<sys_seconds, bool>> changes;
  for (std::int64_t y = year - 2; y <= year + 2; ++y) {
    changes.emplace_back(utc(moment_of(begin_, y), standard_.offset), true);
    changes.emplace_back(utc(moment_of(end_, y), daylight_->offset), false);
  }
  std::sort(changes.begin(), changes.end());
  auto after = std::upper_bound(changes.begin(), changes.end(), time,
                                [](sys_seconds t, const auto& change) { return t < change.first; });
  // A change may fall into the year before or after its own (day 365, time -167); five years reach
  // past `time` on both sides all the same.
  const auto& last = *std::prev(after);
  const Kind& kind = last.second ? *daylight_ : standard_;
  return {last.first, after->first, kind.offset, last.second, kind.abbreviation};
}

}  // namespace holdfast
