// Dates of the proleptic Gregorian calendar in 64 bits. <chrono> stops at the year 32767; GNU date
// and the tables of time zones go further, so the few conversions that schedules, deltas and zones
// need live here.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace holdfast {

// A date and time of day as a wall clock shows it, without a zone.
struct Civil {
  std::int64_t year = 1970;
  int month = 1, day = 1;  // from 1
  int hour = 0, minute = 0, second = 0;

  friend bool operator==(const Civil&, const Civil&) = default;
};

Civil civil_of(std::chrono::local_seconds time);

// The inverse. Fields outside their usual range (month 13, day 0, minute -5) carry over into the
// next larger field, years stay within plus or minus 10^10; anything larger is the caller's fault.
std::chrono::local_seconds time_of(const Civil& civil);

int days_in_month(std::int64_t year, int month);

// As strftime writes it in the C locale: "%Y%m%d-%H%M". InvalidArgument when it comes to more than
// 256 characters, or to none.
std::string format_civil(const Civil& civil, const std::string& format);

// 0 is Sunday.
int weekday_of(std::chrono::local_seconds time);

}  // namespace holdfast
