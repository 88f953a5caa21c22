// How a store's backups stand at one moment: what is shown by `status`, the web page and the
// metrics, and what notifications are made of. Plain data, and pure functions over it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/run_record.h"
#include "catalog/run_summary.h"
#include "catalog/schedule_state.h"
#include "job/task.h"

namespace holdfast::job {

enum class Health {
  kUnknown,  // nothing has run yet, and nothing was due
  kFine,
  kLate,    // the last run was good, and a later one that was due has not come
  kFailed,  // the last run failed, and none has succeeded since; one that was cut is no failure
};
// "unknown", "fine", "late", "failed".
std::string_view name_of(Health health);

struct TaskStatus {
  TaskKind kind = TaskKind::kBackup;
  std::string schedule;                    // as written; empty: it follows others
  std::optional<WallTime> next;            // when it is due next; none: never, or it follows
  std::optional<catalog::RunRecord> last;  // that ran, whatever came of it
  std::optional<catalog::RunRecord> last_success;  // may be the same
  std::optional<catalog::RunRecord> last_missed;   // that did not run, with the reason
  // Since the first due moment that no success has come up to; 0 when there is none. A run that
  // takes an hour is an hour late at its end: compare with what is allowed.
  Duration lateness{0};
  Health health = Health::kUnknown;
};

// What runs now.
struct Running {
  TaskKind kind = TaskKind::kBackup;
  std::string purpose;  // of a run that no schedule started: "restore"
  std::string run_id;   // empty when it is not known
  WallTime since;
  bool waits = false;  // for the lease, which another run holds
  std::string phase;   // "upload"; empty when it is not known
  std::uint64_t bytes = 0, total_bytes = 0, objects = 0, total_objects = 0;  // totals 0: unknown
};

struct StoreStatus {
  std::string store;
  std::vector<TaskStatus> tasks;  // in the order of the plan
  std::optional<catalog::Pause> paused;
  std::vector<Running> running;  // what changes backups, and a check beside it
  // Of this process: what retention has removed since it began.
  std::uint64_t removals = 0;
  bool is_standby = false;  // another scheduler works for this store
  // The worst of its tasks.
  Health health = Health::kUnknown;

  const TaskStatus* find(TaskKind kind) const;
  // Of all tasks that make backups, the newest success.
  const catalog::RunRecord* newest_backup() const;
};

// `allowed`: how late a task may be before it counts as late.
StoreStatus status_of(const StorePlan& plan, const catalog::RunSummary& runs,
                      const catalog::ScheduleState& state,
                      const std::optional<catalog::Pause>& paused, WallTime now, Duration allowed);

}  // namespace holdfast::job
