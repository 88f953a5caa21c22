// Which runs are due. Pure: the clock is an argument, and what must survive a restart is in
// catalog::ScheduleState.
//
// Each moment that a schedule answers is started once or told as missed, never both and never
// twice: `handled` only grows. A run that could not start at its moment is started later if that is
// at most the starting deadline ago; of several moments missed in a row the last one stands for
// all. A moment that comes while another run of the store is going is waited for without a limit,
// but one run of a kind at most waits.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/schedule_state.h"
#include "job/task.h"

namespace holdfast::job {

struct DueRun {
  TaskKind kind = TaskKind::kBackup;
  WallTime due;
  bool is_catch_up = false;  // started later than its moment, and not because of a run of ours
};

// Due moments that no run comes of.
struct MissedRuns {
  TaskKind kind = TaskKind::kBackup;
  WallTime first, last;
  // At least so many: of more than kMostCounted the rest is not counted.
  std::uint64_t count = 0;
  std::string why;
};

// Brings a stored state in line with the plan. A task that is new, or whose schedule or zone was
// changed, is followed from `now` on; so is one that a clock has marked as done which stood more
// than a day ahead. Returns what it did, a line each.
std::vector<std::string> adopt_plan(const StorePlan& plan, catalog::ScheduleState& state,
                                    WallTime now);

// Of tasks that wait for each other.
class DueList {
 public:
  static constexpr std::uint64_t kMostCounted = 10'000;

  DueList(std::vector<Task> tasks, Duration starting_deadline);

  // Everything that came due since it was last asked. `was_busy`: a run of this store was going all
  // the time, so that the moments wait instead of growing too old. `why` tells of missed ones what
  // kept them from starting in time.
  std::vector<MissedRuns> collect(catalog::ScheduleState& state, WallTime now, bool was_busy,
                                  const std::string& why);
  // The same, but none of them is started.
  std::vector<MissedRuns> skip(catalog::ScheduleState& state, WallTime now, const std::string& why);

  // The one to start now: what was due first. It goes on waiting until take() or drop().
  std::optional<DueRun> waiting() const;
  void take(const DueRun& run);
  // Puts back one that was begun, and whose process ended.
  void put_back(const DueRun& run);
  // Whether it has waited for longer than the starting deadline.
  bool is_too_old(const DueRun& run, WallTime now) const;

  // When collect() has something to find again; none: never.
  std::optional<WallTime> next(const catalog::ScheduleState& state) const;

 private:
  struct Found {
    WallTime first, last, last_but_one;
    std::uint64_t count = 0;
  };
  std::optional<Found> find(const Task& task, const catalog::TaskState& state, WallTime now) const;

  std::vector<Task> tasks_;
  Duration starting_deadline_;
  std::map<TaskKind, DueRun> waiting_;
};

}  // namespace holdfast::job
