// Time as a parameter. Only clock.cpp reads the machine's clocks; everything else is given a Clock,
// so that tests run years of schedules without waiting.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

namespace holdfast {

using Duration = std::chrono::nanoseconds;
using WallTime = std::chrono::system_clock::time_point;  // UTC

// A point on a clock that never jumps and counts while the machine sleeps (CLOCK_BOOTTIME).
struct SteadyTime {
  Duration since_boot{0};
  friend auto operator<=>(const SteadyTime&, const SteadyTime&) = default;
  friend Duration operator-(SteadyTime a, SteadyTime b) { return a.since_boot - b.since_boot; }
  friend SteadyTime operator+(SteadyTime a, Duration d) { return {a.since_boot + d}; }
};

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
  virtual SteadyTime steady() const = 0;
  // Waits on `condition` (whose mutex `lock` holds) until notified or `until` is reached; may wake
  // early.
  virtual void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
                    SteadyTime until) = 0;
};

// The machine's clocks.
Clock& system_clock();

// A clock that moves only when told, except that a wait moves it to the end of that wait at once.
class FakeClock : public Clock {
 public:
  explicit FakeClock(WallTime start) : now_(start) {}
  WallTime now() const override;
  SteadyTime steady() const override;
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
            SteadyTime until) override;
  void advance(Duration by);
  // Moves the wall clock alone, as an administrator or NTP would.
  void jump_wall(Duration by);

 private:
  mutable std::mutex mutex_;
  WallTime now_;
  SteadyTime steady_{std::chrono::hours(1)};
};

std::string format_rfc3339(WallTime time);     // 2026-11-22T14:31:20Z
std::string format_http_date(WallTime time);   // Sun, 22 Nov 2026 14:31:20 GMT (RFC 1123)
std::string format_compact(WallTime time);     // 20261122143120
std::string format_basic_iso(WallTime time);   // 20261122T143120Z, as SigV4 writes it
std::string format_iso_millis(WallTime time);  // 2026-11-22T14:31:20.000Z, as S3 lists write it

// Each throws InvalidArgument when `text` is not exactly of the form, or not of the years 1678 to
// 2261 that a WallTime can hold. The weekday of an HTTP date is not compared with its date.
WallTime parse_rfc3339(
    std::string_view text);  // Z or +hh:mm, fractions allowed and cut to nanoseconds
WallTime parse_http_date(std::string_view text);  // RFC 1123 only, in GMT
WallTime parse_compact(std::string_view text);
WallTime parse_basic_iso(std::string_view text);

}  // namespace holdfast
