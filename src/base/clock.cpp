#include "base/clock.h"

#include <array>
#include <charconv>
#include <fmt/format.h>
#include <time.h>

#include "base/error.h"

namespace holdfast {

namespace {

class SystemClock : public Clock {
 public:
  WallTime now() const override { return std::chrono::system_clock::now(); }

  SteadyTime steady() const override {
    timespec value{};
    clock_gettime(CLOCK_BOOTTIME, &value);
    return {std::chrono::seconds(value.tv_sec) + std::chrono::nanoseconds(value.tv_nsec)};
  }

  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
            SteadyTime until) override {
    Duration left = until - steady();
    // Long waits are cut, so that the time spent suspended (which the condition's clock does not
    // see) is noticed.
    left = std::min<Duration>(left, std::chrono::seconds(30));
    if (left > Duration::zero()) condition.wait_for(lock, left);
  }
};

constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct Fields {
  int year, month, day, hour, minute, second, weekday, millis;
};

Fields fields_of(WallTime time) {
  using std::chrono::floor;
  auto days = floor<std::chrono::days>(time);
  std::chrono::year_month_day date(days);
  auto rest = floor<std::chrono::milliseconds>(time) - days;
  auto millis = rest.count();
  return {int(date.year()),
          int(unsigned(date.month())),
          int(unsigned(date.day())),
          int(millis / 3'600'000),
          int(millis / 60'000 % 60),
          int(millis / 1000 % 60),
          int(std::chrono::weekday(days).c_encoding()),
          int(millis % 1000)};
}

[[noreturn]] void bad_time(std::string_view text, std::string_view form) {
  throw InvalidArgument(fmt::format("time '{}'", text.substr(0, 64)),
                        fmt::format("not of the form {}", form));
}

// Takes fixed-width fields off the front of a text; any mismatch is remembered and ends in `ok`
// being false.
struct FieldReader {
  std::string_view rest;
  bool ok = true;

  int digits(std::size_t width) {
    int value = 0;
    if (rest.size() < width) ok = false;
    for (std::size_t i = 0; ok && i < width; ++i) {
      if (rest[i] < '0' || rest[i] > '9') ok = false;
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(std::min(width, rest.size()));
    return value;
  }
  void literal(std::string_view text) {
    if (!rest.starts_with(text)) ok = false;
    rest.remove_prefix(std::min(text.size(), rest.size()));
  }
  template <std::size_t N>
  int one_of(const std::array<const char*, N>& names) {
    for (std::size_t i = 0; i < N; ++i) {
      if (rest.starts_with(names[i])) {
        rest.remove_prefix(std::string_view(names[i]).size());
        return int(i) + 1;
      }
    }
    ok = false;
    return 1;
  }
};

bool make_time(const std::array<int, 6>& f, WallTime& out) {
  std::chrono::year_month_day date{std::chrono::year(f[0]), std::chrono::month(unsigned(f[1])),
                                   std::chrono::day(unsigned(f[2]))};
  // Nanoseconds since 1970 in 64 bits reach from September 1677 to April 2262; a day's room is left
  // for a zone's offset.
  if (!date.ok() || f[0] < 1678 || f[0] > 2261) return false;
  if (f[3] > 23 || f[4] > 59 || f[5] > 60) return false;
  out = std::chrono::sys_days(date) + std::chrono::hours(f[3]) + std::chrono::minutes(f[4]) +
        std::chrono::seconds(f[5]);
  return true;
}

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

WallTime FakeClock::now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

SteadyTime FakeClock::steady() const {
  std::lock_guard lock(mutex_);
  return steady_;
}

void FakeClock::wait(std::unique_lock<std::mutex>&, std::condition_variable&, SteadyTime until) {
  std::lock_guard lock(mutex_);
  if (until > steady_) {
    now_ += std::chrono::duration_cast<WallTime::duration>(until - steady_);
    steady_ = until;
  }
}

void FakeClock::advance(Duration by) {
  std::lock_guard lock(mutex_);
  now_ += std::chrono::duration_cast<WallTime::duration>(by);
  steady_ = steady_ + by;
}

void FakeClock::jump_wall(Duration by) {
  std::lock_guard lock(mutex_);
  now_ += std::chrono::duration_cast<WallTime::duration>(by);
}

std::string format_rfc3339(WallTime time) {
  Fields f = fields_of(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", f.year, f.month, f.day, f.hour,
                     f.minute, f.second);
}

std::string format_http_date(WallTime time) {
  Fields f = fields_of(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[std::size_t(f.weekday)],
                     f.day, kMonths[std::size_t(f.month - 1)], f.year, f.hour, f.minute, f.second);
}

std::string format_compact(WallTime time) {
  Fields f = fields_of(time);
  return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}", f.year, f.month, f.day, f.hour, f.minute,
                     f.second);
}

std::string format_basic_iso(WallTime time) {
  Fields f = fields_of(time);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", f.year, f.month, f.day, f.hour, f.minute,
                     f.second);
}

std::string format_iso_millis(WallTime time) {
  // By hand: a page of a list has a thousand of them.
  const Fields f = fields_of(time);
  std::string out = "0000-00-00T00:00:00.000Z";
  const auto put = [&](std::size_t end, int value) {
    for (; value > 0; value /= 10) out[--end] = char('0' + value % 10);
  };
  put(4, f.year);
  put(7, f.month);
  put(10, f.day);
  put(13, f.hour);
  put(16, f.minute);
  put(19, f.second);
  put(23, f.millis);
  return out;
}

WallTime parse_compact(std::string_view text) {
  FieldReader in{text};
  std::array<int, 6> f = {in.digits(4), in.digits(2), in.digits(2),
                          in.digits(2), in.digits(2), in.digits(2)};
  WallTime time;
  if (!in.ok || !in.rest.empty() || !make_time(f, time)) bad_time(text, "YYYYMMDDhhmmss");
  return time;
}

WallTime parse_basic_iso(std::string_view text) {
  FieldReader in{text};
  std::array<int, 6> f = {in.digits(4), in.digits(2), in.digits(2), 0, 0, 0};
  in.literal("T");
  f[3] = in.digits(2);
  f[4] = in.digits(2);
  f[5] = in.digits(2);
  in.literal("Z");
  WallTime time;
  if (!in.ok || !in.rest.empty() || !make_time(f, time)) bad_time(text, "YYYYMMDDThhmmssZ");
  return time;
}

WallTime parse_http_date(std::string_view text) {
  FieldReader in{text};
  std::array<int, 6> f{};
  in.one_of(kDays);
  in.literal(", ");
  f[2] = in.digits(2);
  in.literal(" ");
  f[1] = in.one_of(kMonths);
  in.literal(" ");
  f[0] = in.digits(4);
  in.literal(" ");
  f[3] = in.digits(2);
  in.literal(":");
  f[4] = in.digits(2);
  in.literal(":");
  f[5] = in.digits(2);
  in.literal(" GMT");
  WallTime time;
  if (!in.ok || !in.rest.empty() || !make_time(f, time)) bad_time(text, "RFC 1123 in GMT");
  return time;
}

WallTime parse_rfc3339(std::string_view text) {
  FieldReader in{text};
  std::array<int, 6> f{};
  f[0] = in.digits(4);
  in.literal("-");
  f[1] = in.digits(2);
  in.literal("-");
  f[2] = in.digits(2);
  in.literal("T");
  f[3] = in.digits(2);
  in.literal(":");
  f[4] = in.digits(2);
  in.literal(":");
  f[5] = in.digits(2);
  std::int64_t nanos = 0;
  if (in.rest.starts_with(".")) {
    in.literal(".");
    std::int64_t scale = 100'000'000;
    if (in.rest.empty() || in.rest[0] < '0' || in.rest[0] > '9') in.ok = false;
    while (!in.rest.empty() && in.rest[0] >= '0' && in.rest[0] <= '9') {
      nanos += scale * (in.rest[0] - '0');
      scale /= 10;
      in.rest.remove_prefix(1);
    }
  }
  std::chrono::minutes offset{0};
  if (in.rest.starts_with("+") || in.rest.starts_with("-")) {
    int sign = in.rest[0] == '-' ? -1 : 1;
    in.rest.remove_prefix(1);
    int hours = in.digits(2);
    in.literal(":");
    int minutes = in.digits(2);
    if (hours > 23 || minutes > 59) in.ok = false;
    offset = std::chrono::minutes(sign * (hours * 60 + minutes));
  } else {
    in.literal("Z");
  }
  WallTime time;
  if (!in.ok || !in.rest.empty() || !make_time(f, time)) bad_time(text, "RFC 3339");
  return time + std::chrono::nanoseconds(nanos) - offset;
}

}  // namespace holdfast
