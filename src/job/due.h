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
  // At least so many: the rest of very many is not counted.
  std::uint64_t count = 0;
  std::string why;
};

// Brings a stored state in line with the plan. A task that is new, or whose schedule or zone was
// changed, is followed from `now` on; so is one that a clock has marked as done which stood more
// than a day ahead. Returns what it did, a line each.
std::vector<std::string> adopt_plan(const StorePlan& plan, catalog::ScheduleState& state,
                                    WallTime now);

// Whether adopt_plan() would not believe a mark of this state.
bool is_far_ahead(const catalog::ScheduleState& state, WallTime now);

// Of tasks that wait for each other. What waits is in the state, so that it survives a restart. Not
// thread-safe.
class DueList {
 public:
  using State = catalog::ScheduleState;
  // Of more missed moments the rest is not counted.
  static constexpr std::uint64_t kMostCounted = 10'000;

  DueList(std::vector<Task> tasks, Duration starting_deadline);

  // Everything that came due since it was last asked. `was_busy`: a run of this store was going all
  // the time, so that the moments wait instead of growing too old. `why` tells of missed ones what
  // kept them from starting in time.
  std::vector<MissedRuns> collect(State& state, WallTime now, bool was_busy,
                                  const std::string& why) const;
  // The same, but nothing is started, also of what waits.
  std::vector<MissedRuns> skip(State& state, WallTime now, const std::string& why) const;
  // What waits for longer than the starting deadline is given up.
  std::vector<MissedRuns> drop_old(State& state, WallTime now, const std::string& why) const;

  // The one to start now: what was due first. It goes on waiting until take().
  std::optional<DueRun> waiting(const State& state) const;
  static void take(State& state, TaskKind kind);
  // Lets it wait again.
  static void put_back(State& state, const DueRun& run);
  bool is_too_old(WallTime due, WallTime now) const { return now - due > starting_deadline_; }

  // When collect() has something to find again; none: never.
  std::optional<WallTime> next(const State& state) const;

 private:
  struct Found {
    WallTime first, last, last_but_one;
    std::uint64_t count = 0;
  };
  // The last answer is kept: a scheduler asks every minute, and it changes with `handled` only.
  struct Answer {
    WallTime handled;
    std::optional<WallTime> moment;
  };
  std::optional<WallTime> moment_after(const Task& task, WallTime handled) const;
  std::optional<Found> find(const Task& task, WallTime handled, WallTime now) const;

  std::vector<Task> tasks_;  // with schedules
  mutable std::map<TaskKind, Answer> answers_;
  Duration starting_deadline_;
};

}  // namespace holdfast::job
