#include "retention/date_phrase.h"

#include <fmt/format.h>
#include <limits>
#include <string>

#include "base/civil.h"
#include "base/column.h"
#include "base/error.h"
#include "retention/clock_search.h"
#include "retention/date_grammar.h"
#include "retention/date_words.h"

namespace holdfast::retention {

namespace {

using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::size_t kMostText = 1024;
constexpr std::int64_t kNanoseconds = 1'000'000'000;
// The C library counts years in an int, from 1900.
constexpr std::int64_t kMostYears = std::numeric_limits<int>::max();

[[noreturn]] void out_of_range() { throw BadPhrase{"the date is out of range"}; }

int to_int(std::int64_t value) {
  if (value > std::numeric_limits<int>::max() || value < std::numeric_limits<int>::min()) {
    out_of_range();
  }
  return static_cast<int>(value);
}

std::int64_t sum_of(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) out_of_range();
  return sum;
}

// TZ="Zone" in front of the phrase, at byte `at` of the text.
std::optional<Zone> take_zone(std::string_view& text, std::size_t at) {
  constexpr std::string_view kPrefix = "TZ=\"";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  std::string name;
  for (std::size_t i = kPrefix.size(); i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      try {
        return Zone::of_variable(name);
      } catch (const InvalidArgument&) {
        throw BadPhrase{fmt::format("no time zone '{}' is known", name.substr(0, 64)),
                        at + kPrefix.size()};
      }
    }
    if (text[i] == '\\') ++i;
    if (i < text.size()) name += text[i];
  }
  throw BadPhrase{"TZ=\" without an end", at};
}

std::int64_t full_year(const Phrase::Year& year) {
  if (year.value < 0) return -year.value;
  if (year.digits != 2) return year.value;
  return year.value + (year.value < 69 ? 2000 : 1900);
}

int hour_of(const Phrase& phrase) {
  std::int64_t hour = phrase.hour;
  if (phrase.meridian) {
    if (hour < 1 || hour > 12)
      throw BadPhrase{fmt::format("no hour {} before or after noon", hour), phrase.time_at};
    return static_cast<int>(hour % 12 + *phrase.meridian);
  }
  if (hour < 0 || hour > 23) throw BadPhrase{fmt::format("no hour {}", hour), phrase.time_at};
  return static_cast<int>(hour);
}

class Evaluation {
 public:
  Evaluation(const Phrase& phrase, sys_seconds now, const Zone& zone)
      : phrase_(phrase), now_(now), zone_(zone), search_(zone) {}

  sys_seconds result() {
    if (phrase_.epoch_seconds) return sys_seconds(seconds(*phrase_.epoch_seconds));
    // No kind may come twice, and a zone of both kinds counts as twice.
    for (int count : {phrase_.times, phrase_.dates, phrase_.days, phrase_.summers,
                      phrase_.local_zones + phrase_.zones}) {
      if (count > 1) {
        throw BadPhrase{"a time, date, day or zone is given a second time", phrase_.twice_at};
      }
    }
    start();
    if (phrase_.days > 0 && phrase_.dates == 0) move_to_weekday();
    move_by_calendar();
    if (phrase_.zones > 0) time_ -= seconds(phrase_.zone) - offset_;
    return moved_by_clock();
  }

 private:
  void start() {
    Civil now = civil_of(zone_.to_local(now_));
    std::int64_t year = phrase_.year ? full_year(*phrase_.year) : now.year;
    if (year > kMostYears || year < -kMostYears) out_of_range();
    fields_ = {year, to_int(phrase_.month.value_or(now.month)),
               to_int(phrase_.day.value_or(now.day))};
    bool absolute = phrase_.times + phrase_.dates + phrase_.days > 0;
    if (phrase_.times > 0) {
      fields_.hour = hour_of(phrase_);
      fields_.minute = to_int(phrase_.minute);
      fields_.second = to_int(phrase_.second);
    } else if (phrase_.relative && phrase_.dates == 0 && phrase_.days == 0) {
      fields_.hour = now.hour;
      fields_.minute = now.minute;
      fields_.second = now.second;
    }
    season_ = zone_.period_at(now_).daylight ? Season::kDaylight : Season::kStandard;
    if (absolute) season_ = Season::kUnknown;
    if (phrase_.local_zones > 0) {
      season_ = phrase_.local_daylight < 0    ? Season::kUnknown
                : phrase_.local_daylight == 0 ? Season::kStandard
                                              : Season::kDaylight;
    }
    if (const Civil real = civil_of(time_of(fields_)); real != fields_) {
      const bool is_time = phrase_.times > 0 && (phrase_.minute > 59 || phrase_.second > 59);
      throw BadPhrase{"there is no such date or time", is_time ? phrase_.time_at : phrase_.date_at};
    }
    find(fields_, season_);
    if (zone_.to_local(time_) == time_of(fields_)) return;
    // In the zone that the phrase names the time exists, unless it is wanted in daylight saving,
    // which that zone lacks.
    if (phrase_.zones == 0 || season_ == Season::kDaylight) {
      skipped();
    }
    offset_ = seconds(phrase_.zone);
    time_ = sys_seconds(time_of(fields_).time_since_epoch() - offset_);
    shown_ = fields_;
  }

  [[noreturn]] void skipped() const {
    throw BadPhrase{"the clock skips that time",
                    phrase_.times > 0 ? phrase_.time_at : phrase_.date_at};
  }

  void find(const Civil& fields, Season season) {
    const auto found = search_.find(time_of(fields), season);
    if (!found) skipped();
    time_ = *found;
    offset_ = zone_.period_at(time_).offset;
    shown_ = civil_of(zone_.to_local(time_));
    if (shown_.year - 1900 > kMostYears || shown_.year - 1900 < -kMostYears - 1) out_of_range();
  }

  void move_to_weekday() {
    int today = weekday_of(time_of(shown_));
    // "next monday" on a Monday is in a week, on another day the coming one.
    std::int64_t weeks = phrase_.day_ordinal;
    if (weeks > 0 && today != phrase_.day_of_week) --weeks;
    std::int64_t days = 0;
    if (__builtin_mul_overflow(weeks, 7, &days)) out_of_range();
    days = sum_of(days, (phrase_.day_of_week - today + 7) % 7);
    Civil fields = shown_;
    fields.day = to_int(sum_of(days, fields.day));
    find(fields, season_);
  }

  void move_by_calendar() {
    const Phrase::Distance& by = phrase_.distance;
    if (by.years == 0 && by.months == 0 && by.days == 0) return;
    Civil fields = shown_;
    fields.year = sum_of(fields.year, by.years);
    if (fields.year > kMostYears || fields.year < -kMostYears) out_of_range();
    fields.month = to_int(sum_of(fields.month, by.months));
    fields.day = to_int(sum_of(fields.day, by.days));
    // The time of day and the season are those the phrase began with.
    fields.hour = fields_.hour;
    fields.minute = fields_.minute;
    fields.second = fields_.second;
    find(fields, season_);
  }

  sys_seconds moved_by_clock() const {
    const Phrase::Distance& by = phrase_.distance;
    std::int64_t nanoseconds = sum_of(phrase_.time_nanoseconds, by.nanoseconds);
    std::int64_t carried = nanoseconds / kNanoseconds - (nanoseconds % kNanoseconds < 0 ? 1 : 0);
    std::int64_t hours = 0, minutes = 0;
    if (__builtin_mul_overflow(by.hours, 3600, &hours) ||
        __builtin_mul_overflow(by.minutes, 60, &minutes)) {
      out_of_range();
    }
    std::int64_t time = time_.time_since_epoch().count();
    for (std::int64_t part : {hours, minutes, by.seconds, carried}) time = sum_of(time, part);
    return sys_seconds(seconds(time));
  }

  const Phrase& phrase_;
  sys_seconds now_;
  const Zone& zone_;
  ClockSearch search_;
  Civil fields_;                      // what the phrase asks for
  Season season_ = Season::kUnknown;  // the same
  sys_seconds time_;
  Civil shown_;        // what the clock shows at `time_`
  seconds offset_{0};  // and how far it is from UTC
};

}  // namespace

sys_seconds moment_of_phrase(std::string_view text, sys_seconds now, const Zone& zone) {
  std::string_view rest = text;
  BadPhrase found;
  std::size_t begin = 0;  // of what `found.at` counts from
  try {
    if (text.size() > kMostText) {
      throw BadPhrase{fmt::format("longer than {} bytes", kMostText), kMostText};
    }
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\n\v\f\r"), rest.size()));
    auto named = take_zone(rest, text.size() - rest.size());
    begin = text.size() - rest.size();
    const Zone& where = named ? *named : zone;
    // Nothing at all is today's midnight.
    auto tokens = tokens_of(rest.empty() ? "0" : rest, LocalNames(now, where));
    return Evaluation(phrase_of(tokens), now, where).result();
  } catch (const BadPhrase& bad) {
    found = bad;
  }
  throw InvalidArgument(
      fmt::format("date '{}'", shown_in_error(text)),
      fmt::format("column {}: {}", column_of(text, begin + found.at),
                  shown_in_error(found.why, found.why.size())),
      "allowed: what GNU date knows, such as 30 days ago, 1 month ago, yesterday 03:00, last "
      "monday, 2026-01-31 03:00; units sec, min, hour, day, week, fortnight, month, year");
}

}  // namespace holdfast::retention
