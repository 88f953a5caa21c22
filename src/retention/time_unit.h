// Elasticsearch's time values, such as the 30d of a snapshot policy's expire_after
// (TimeValue.parseTimeValue of 7.17).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::retention {

struct TimeValue {
  enum class Unit { kNanoseconds, kMicroseconds, kMilliseconds, kSeconds, kMinutes, kHours, kDays };
  std::int64_t count = 0;
  Unit unit = Unit::kMilliseconds;

  // Capped at 2^63-1 nanoseconds, some 292 years.
  std::chrono::nanoseconds duration() const;
  // Whole milliseconds, as Elasticsearch compares ages; capped at 2^63-1.
  std::chrono::milliseconds milliseconds() const;
  // As Elasticsearch shows it: 30d; every negative value is -1.
  std::string to_string() const;
};

// A whole number and one of d h m s ms micros nanos, or 0, or -1. Case does not matter, except that
// M is no unit. Throws InvalidArgument; text above 1 KiB is refused.
TimeValue parse_time_value(std::string_view text);

}  // namespace holdfast::retention
