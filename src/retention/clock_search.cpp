#include "retention/clock_search.h"

#include <array>

namespace holdfast::retention {

namespace {

using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

// No season of any zone is shorter than the step; none that matters lies further off than the
// reach.
constexpr seconds kStep{601200};
constexpr seconds kReach{228621604 + 601200};

}  // namespace

bool ClockSearch::daylight_at(sys_seconds time) const { return zone_.period_at(time).daylight; }

sys_seconds ClockSearch::with_offset_of(sys_seconds time, local_seconds local) const {
  return sys_seconds(local.time_since_epoch() - zone_.period_at(time).offset);
}

std::optional<sys_seconds> ClockSearch::find(local_seconds local, Season season) {
  auto time = settle(local, season);
  if (time) last_offset_ = local.time_since_epoch() - time->time_since_epoch();
  return time;
}

std::optional<sys_seconds> ClockSearch::settle(local_seconds local, Season season) const {
  bool wanted = season == Season::kDaylight;
  // Guess, and correct the guess by the offset found there, until it stays.
  sys_seconds time(local.time_since_epoch() - last_offset_);
  std::array<sys_seconds, 2> before = {time, time};
  bool daylight_before = false;
  // Two offsets need four tries at most.
  int tries = 6;
  while (true) {
    sys_seconds better = with_offset_of(time, local);
    if (better == time) break;
    bool daylight = daylight_at(time);
    // Swinging between two moments: the reading is skipped. Both are off by the length of the gap,
    // one to each side.
    bool preferred = season == Season::kUnknown ? daylight_before <= daylight : wanted != daylight;
    if (time == before[0] && time != before[1] && preferred) return time;
    if (--tries == 0) return std::nullopt;
    before = {before[1], time};
    time = better;
    daylight_before = daylight;
  }
  if (season == Season::kUnknown || daylight_at(time) == wanted) return time;
  for (seconds distance = kStep; distance < kReach; distance += kStep) {
    for (sys_seconds other : {time - distance, time + distance}) {
      if (daylight_at(other) == wanted) return with_offset_of(other, local);
    }
  }
  // No such season anywhere near: an hour is what daylight saving mostly moves.
  return wanted ? time - std::chrono::hours(1) : time + std::chrono::hours(1);
}

}  // namespace holdfast::retention
