#include "schedule/calendar.h"

#include <bit>

#include "base/civil.h"

namespace holdfast::schedule {

namespace {

constexpr int kSaturday = 6;

struct Month {
  int first_weekday, length;

  int weekday(int day) const { return (first_weekday + day - 1) % 7; }

  int nearest_weekday(int day) const {
    if (weekday(day) == kSaturday) return day > 1 ? day - 1 : day + 2;
    if (weekday(day) == 0) return day < length ? day + 1 : day - 2;
    return day;
  }
};

bool has(Bits bits, int value) { return (bits >> value & 1) != 0; }

Bits by_date(const Days& days, const Month& month) {
  Bits result = days.days;
  bool friday_is_last = month.weekday(month.length + 1) == kSaturday;
  if (days.nearest_from_next_month && friday_is_last &&
      has(days.nearest_weekdays, month.length + 1)) {
    result |= Bits{1} << month.length;
  }
  for (int day = 1; day <= month.length; ++day) {
    if (has(days.nearest_weekdays, day)) result |= Bits{1} << month.nearest_weekday(day);
    int before_last = month.length - day;
    if (has(days.before_last, before_last)) result |= Bits{1} << day;
    if (has(days.weekday_before_last, before_last)) {
      result |= Bits{1} << month.nearest_weekday(day);
    }
  }
  return result;
}

Bits by_weekday(const Days& days, const Month& month) {
  Bits result = 0;
  for (int day = 1; day <= month.length; ++day) {
    int weekday = month.weekday(day);
    int nth = (day - 1) / 7 + 1;
    bool last = day + 7 > month.length;
    if (has(days.weekdays, weekday) || has(days.nth_weekdays, 8 * nth + weekday) ||
        (last && has(days.last_weekdays, weekday))) {
      result |= Bits{1} << day;
    }
  }
  return result;
}

}  // namespace

Bits bits_of_range(int first, int last, int step) {
  Bits bits = 0;
  for (int i = first; i <= last; i += step) bits |= Bits{1} << i;
  return bits;
}

int lowest(Bits bits, int from) {
  Bits rest = from < 64 ? bits >> from << from : 0;
  return rest == 0 ? -1 : std::countr_zero(rest);
}

Bits Days::of_month(std::int64_t year, int month) const {
  Month shape{weekday_of(time_of({year, month, 1})), days_in_month(year, month)};
  Bits all = bits_of_range(1, shape.length);
  switch (match) {
    case Match::kEvery:
      return all;
    case Match::kDate:
      return all & by_date(*this, shape);
    case Match::kWeekday:
      return by_weekday(*this, shape);
    case Match::kEither:
      return all & (by_date(*this, shape) | by_weekday(*this, shape));
  }
  return 0;
}

std::optional<std::chrono::seconds> Calendar::time_of_day(int from_hour, int from_minute,
                                                          int from_second) const {
  for (int hour = lowest(hours, from_hour); hour >= 0; hour = lowest(hours, hour + 1)) {
    int minute = lowest(minutes, hour == from_hour ? from_minute : 0);
    for (; minute >= 0; minute = lowest(minutes, minute + 1)) {
      bool same = hour == from_hour && minute == from_minute;
      int second = lowest(seconds, same ? from_second : 0);
      if (second >= 0) return std::chrono::seconds(hour * 3600 + minute * 60 + second);
    }
  }
  return std::nullopt;
}

std::optional<std::chrono::local_seconds> Calendar::next(std::chrono::local_seconds after) const {
  Civil from = civil_of(after + std::chrono::seconds(1));
  if (from.year < kFirstYear) from = {kFirstYear};
  // Whenever a field moves on, the smaller ones start again at their least value.
  while (from.year <= kLastYear) {
    int month = lowest(months, from.month);
    if (month < 0 || !years[static_cast<std::size_t>(from.year - kFirstYear)]) {
      from = {from.year + 1};
      continue;
    }
    if (month != from.month) from = {from.year, month};
    int day = lowest(days.of_month(from.year, month), from.day);
    if (day < 0) {
      from = civil_of(time_of({from.year, month + 1}));
      continue;
    }
    if (day != from.day) from = {from.year, month, day};
    if (auto time = time_of_day(from.hour, from.minute, from.second)) {
      return time_of({from.year, month, day}) + *time;
    }
    from = civil_of(time_of({from.year, month, day + 1}));
  }
  return std::nullopt;
}

}  // namespace holdfast::schedule
