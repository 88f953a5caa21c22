// The scheduler of one store, without threads: it is told to look at the clock, and starts at most
// one run each time. scheduler.h gives it threads, tests a clock of their own.
//
// Two lanes, each used by one thread at a time: what changes the store's backups, and checks of
// them, which may take hours and keep nobody from backing up. Before a run begins its due moment is
// written down as begun, so that a process that dies leaves a trace: the next one records the run
// as interrupted and starts it again if it is young enough. What cannot be written while the
// storage is away is kept and written later.
//
// Only one scheduler leads for a store (scheduler.h holds that lease); a state that another one has
// written meanwhile ends the leadership.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "catalog/run_summary.h"
#include "job/due.h"
#include "job/notify/event.h"
#include "job/runner.h"
#include "job/status.h"
#include "job/tracked_progress.h"

namespace holdfast::job {

enum class Lane { kChanges, kChecks };
Lane lane_of(TaskKind kind);

struct StoreSchedulerOptions {
  catalog::CatalogOptions catalog;
  Duration starting_deadline = std::chrono::hours(1);
  // Every call that reads or writes the catalog ends within this.
  Duration longest_request = std::chrono::seconds(20);
};

// Methods are called from any thread, but turn() of a lane by one at a time.
class StoreScheduler {
 public:
  // Borrows the storage.
  StoreScheduler(const Context& context, StorePlan plan, storage::Storage& storage,
                 StoreSchedulerOptions options);

  // Begins to lead: reads what was done, records what was missed or interrupted since. `why` tells
  // of missed runs what kept them from starting. Throws what the storage does: it does not lead
  // then.
  void lead(const std::string& why);
  // Ends it. Runs that have begun go on.
  void stand_by();
  bool leads() const;

  // Starts what is due or asked for, at most one run, and returns when it ended. Then how long the
  // caller may wait until it looks again; 0: at once.
  Duration turn(Lane lane, Runner& runner);
  // Reads again what others may have changed: a pause, and runs by hand. Throws what the storage
  // does.
  void refresh();

  // As soon as the lane is free; asked again before that, once. Refused when this scheduler does
  // not lead, NotFound when the plan has no such task.
  void request(TaskKind kind, const std::string& by);
  // Throw what the storage does. Pausing again keeps the first moment.
  void pause(const std::string& by, const std::string& reason);
  void resume(const std::string& by);

  StoreStatus status() const;
  // What people were told, by task; and that they were told of this.
  std::map<std::string, std::string> told() const;
  void note_told(const Event& event);
  const StorePlan& plan() const { return plan_; }

 private:
  struct Start {
    TaskKind kind = TaskKind::kBackup;
    std::optional<DueRun> due = {};  // none: it was asked for, or follows another
    bool follows = false;
    std::string by = {};  // who asked
  };
  struct LaneState {
    LaneState(std::vector<Task> tasks, Duration starting_deadline, const Context& context)
        : due(std::move(tasks), starting_deadline), progress(context) {}
    DueList due;
    std::vector<Start> asked;
    std::optional<TaskKind> at_work;
    TrackedProgress progress;
    WallTime looked;  // when it last looked at the clocks
    SteadyTime looked_steady;
  };
  // What status() shows: it must never wait for a storage.
  struct View {
    catalog::RunSummary summary;
    catalog::ScheduleState state;
    std::optional<catalog::Pause> paused;
    bool leads = false;
    std::uint64_t removals = 0;
  };

  LaneState& of(Lane lane) { return *lanes_[static_cast<std::size_t>(lane)]; }
  const Task* task(TaskKind kind) const;
  Context request_context() const;

  // mutex_ is held by the callers of all below.
  void publish();
  std::vector<std::string> adopt_state();
  void confirm_leading();  // takes mutex_ itself
  void finish_begun();
  void finish_begun(const std::string& name, catalog::TaskState& state,
                    const std::vector<catalog::RunRecord>& records);
  void look(LaneState& lane);
  void read_pause();
  std::string why_late(const LaneState& lane) const;
  std::string why_paused() const;
  std::optional<Start> choose(LaneState& lane) const;
  bool mark_begun(LaneState& lane, const Start& start);
  void unmark(TaskKind kind);
  void keep_state();
  void record_missed(const std::vector<MissedRuns>& missed);
  void keep_record(catalog::RunRecord record);
  void write_kept_records();
  RunResult run(std::unique_lock<std::mutex>& lock, LaneState& lane, const Start& start,
                Runner& runner);
  void settle(LaneState& lane, const Start& start, const RunResult& result,
              std::uint64_t adopted_before);
  void note_end(LaneState& lane, const Start& start, const RunResult& result);
  void give_up(LaneState& lane, const Start& start, const RunResult& result);
  Duration until_next(const LaneState& lane) const;

  Context context_;
  StorePlan plan_;
  storage::Storage& storage_;
  StoreSchedulerOptions options_;

  mutable std::mutex mutex_;
  std::array<std::unique_ptr<LaneState>, 2> lanes_;
  bool leads_ = false;
  std::string why_;  // what kept missed runs from starting, until a lane has looked
  catalog::StoredState state_;
  bool state_is_kept_ = true;
  std::uint64_t adopted_ = 0;  // how often another scheduler's state replaced this one's
  catalog::RunSummary summary_;
  std::optional<catalog::Pause> paused_;
  std::vector<catalog::RunRecord> unwritten_;
  std::uint64_t removals_ = 0;

  mutable std::mutex view_mutex_;
  View view_;
  std::array<std::optional<Running>, 2> running_;
};

}  // namespace holdfast::job
