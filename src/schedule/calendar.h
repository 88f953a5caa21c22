// What the dialects compile to: sets of the values a wall clock must show.
#pragma once

#include <bitset>
#include <chrono>
#include <cstdint>
#include <optional>

namespace holdfast::schedule {

// Bit n stands for the value n.
using Bits = std::uint64_t;

// All of first, first + step, ... up to last.
Bits bits_of_range(int first, int last, int step = 1);
// The lowest value in `bits` at or above `from`, or -1.
int lowest(Bits bits, int from);

inline constexpr int kFirstYear = 1970;
inline constexpr int kLastYear = 2126;
using Years = std::bitset<kLastYear - kFirstYear + 1>;

// The days of a month that match.
struct Days {
  // By date: bits 1 to 31.
  Bits days = 0;
  Bits nearest_weekdays = 0;  // "15W": the Monday to Friday nearest to it within the month
  // Also when the day is the one after the month's last: "31W" is Friday, 30 September if 1 October
  // is a Saturday.
  bool nearest_from_next_month = false;
  Bits before_last = 0;          // bit n: n days before the last ("L" is n = 0)
  Bits weekday_before_last = 0;  // the same, moved to the nearest Monday to Friday ("LW", "L-3W")
  // By day of week: bit 0 is Sunday.
  Bits weekdays = 0;
  Bits nth_weekdays = 0;  // bit 8 * k + weekday: the k-th such day of the month, k from 1 to 5
  Bits last_weekdays = 0;

  // How the two halves combine.
  enum class Match { kEvery, kDate, kWeekday, kEither } match = Match::kEvery;

  // Bits 1 to 31: the matching days of that month.
  Bits of_month(std::int64_t year, int month) const;
};

struct Calendar {
  Bits seconds = 1;
  Bits minutes = 0, hours = 0, months = 0;
  Years years;
  Days days;

  // The first matching time of a wall clock that is later than `after`. Clocks that are set forward
  // or back are the caller's business.
  std::optional<std::chrono::local_seconds> next(std::chrono::local_seconds after) const;

 private:
  std::optional<std::chrono::seconds> time_of_day(int hour, int minute, int second) const;
};

}  // namespace holdfast::schedule
