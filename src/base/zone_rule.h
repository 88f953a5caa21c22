// The rule for daylight saving of POSIX's TZ variable, as in "CET-1CEST,M3.5.0,M10.5.0/3". Used by
// base/zone only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/zone.h"

namespace holdfast {

class ZoneRule {
 public:
  // Nothing when `text` is not a complete rule. Accepts the hours -167 to 167 that zone files use.
  static std::optional<ZoneRule> parse(std::string_view text);
  // The period around `time`, as if the rule had always held and always would.
  Zone::Period period_at(std::chrono::sys_seconds time) const;

 private:
  struct Kind {
    std::string abbreviation;
    std::chrono::seconds offset{0};
  };
  struct Change {
    enum class Form { kWeekday, kDayWithoutLeap, kDayWithLeap } form = Form::kWeekday;
    int month = 1, week = 1,
        weekday = 0;  // kWeekday: the week-th such day of the month, 5 the last
    int day = 0;      // kDayWithoutLeap: 1 to 365; kDayWithLeap: 0 to 365
    std::chrono::seconds time{7200};
  };
  struct Reader;
  static std::chrono::local_seconds moment_of(const Change& change, std::int64_t year);

  Kind standard_;
  std::optional<Kind> daylight_;
  Change begin_, end_;
};

}  // namespace holdfast
