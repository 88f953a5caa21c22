// Which moment does a clock reading mean? As the C library's mktime answers, also where the reading
// comes twice or never, because GNU date's answers around a change of the clock follow from that.
// Used by date_phrase only.
#pragma once

#include <chrono>
#include <optional>

#include "base/zone.h"

namespace holdfast::retention {

// Whether the reading is one of daylight saving time.
enum class Season { kUnknown, kStandard, kDaylight };

class ClockSearch {
 public:
  explicit ClockSearch(const Zone& zone) : zone_(zone) {}

  // The moment at which the clock shows `local` in that season. A reading of the other season is
  // one with that season's offset, wherever the nearest such time is. A search begins where the one
  // before ended, which decides between two moments of the same reading. Nothing for a reading that
  // the clock skips without a change of season, if a season is asked for.
  std::optional<std::chrono::sys_seconds> find(std::chrono::local_seconds local, Season season);

 private:
  bool daylight_at(std::chrono::sys_seconds time) const;
  std::chrono::sys_seconds with_offset_of(std::chrono::sys_seconds time,
                                          std::chrono::local_seconds local) const;
  std::optional<std::chrono::sys_seconds> settle(std::chrono::local_seconds local,
                                                 Season season) const;

  const Zone& zone_;
  std::chrono::seconds last_offset_{0};
};

}  // namespace holdfast::retention
