#include "base/civil.h"

#include <ctime>

#include "base/error.h"

namespace holdfast {

namespace {

constexpr std::int64_t kDay = 86400;
// The calendar repeats after 400 years.
constexpr std::int64_t kCycleYears = 400;
constexpr std::int64_t kCycleDays = 146097;
// Days from 1 March of the year 0 to 1 January 1970. A year counted from March ends with its leap
// day.
constexpr std::int64_t kEpoch = 719468;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

// Days before month `index` of a year counted from March (0 is March): lengths 31 30 31 30 31
// repeat.
constexpr int days_before(int index) { return (153 * index + 2) / 5; }

}  // namespace

Civil civil_of(std::chrono::local_seconds time) {
  std::int64_t seconds = time.time_since_epoch().count();
  std::int64_t days = floor_div(seconds, kDay);
  int rest = static_cast<int>(seconds - days * kDay);
  std::int64_t cycle = floor_div(days + kEpoch, kCycleDays);
  int day = static_cast<int>(days + kEpoch - cycle * kCycleDays);
  int year = (day - day / 1460 + day / 36524 - day / (kCycleDays - 1)) / 365;
  day -= 365 * year + year / 4 - year / 100;
  int index = (5 * day + 2) / 153;
  Civil civil;
  civil.day = day - days_before(index) + 1;
  civil.month = index < 10 ? index + 3 : index - 9;
  civil.year = cycle * kCycleYears + year + (index >= 10 ? 1 : 0);
  civil.hour = rest / 3600;
  civil.minute = rest / 60 % 60;
  civil.second = rest % 60;
  return civil;
}

std::chrono::local_seconds time_of(const Civil& civil) {
  std::int64_t months = std::int64_t{civil.month} - 3;
  std::int64_t year = civil.year + floor_div(months, 12);
  int index = static_cast<int>(months - floor_div(months, 12) * 12);
  std::int64_t cycle = floor_div(year, kCycleYears);
  std::int64_t part = year - cycle * kCycleYears;
  std::int64_t days = cycle * kCycleDays + part * 365 + part / 4 - part / 100 + days_before(index) +
                      civil.day - 1 - kEpoch;
  return std::chrono::local_seconds(
      std::chrono::seconds(days * kDay + civil.hour * 3600LL + civil.minute * 60LL + civil.second));
}

int days_in_month(std::int64_t year, int month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

int weekday_of(std::chrono::local_seconds time) {
  // 1 January 1970 was a Thursday.
  std::int64_t days = floor_div(time.time_since_epoch().count(), kDay) + 4;
  return static_cast<int>(days - floor_div(days, 7) * 7);
}

std::string format_civil(const Civil& civil, const std::string& format) {
  constexpr std::size_t kMost = 256;
  std::tm time{};
  time.tm_year = int(civil.year - 1900);
  time.tm_mon = civil.month - 1;
  time.tm_mday = civil.day;
  time.tm_hour = civil.hour;
  time.tm_min = civil.minute;
  time.tm_sec = civil.second;
  time.tm_wday = weekday_of(time_of(civil));
  time.tm_yday =
      int((time_of({civil.year, civil.month, civil.day, 0, 0, 0}) - time_of({civil.year})) /
          std::chrono::hours(24));
  std::string out(kMost + 1, '\0');
  out.resize(std::strftime(out.data(), out.size(), format.c_str(), &time));
  if (out.empty()) throw InvalidArgument("the date format \"" + format + "\"", "makes no text");
  return out;
}

}  // namespace holdfast
