#include "job/status.h"

#include <algorithm>

#include "base/error.h"

namespace holdfast::job {

std::string_view name_of(Health health) {
  switch (health) {
    case Health::kUnknown:
      return "unknown";
    case Health::kFine:
      return "fine";
    case Health::kLate:
      return "late";
    case Health::kFailed:
      return "failed";
  }
  return "unknown";
}

const TaskStatus* StoreStatus::find(TaskKind kind) const {
  for (const TaskStatus& task : tasks) {
    if (task.kind == kind) return &task;
  }
  return nullptr;
}

const catalog::RunRecord* StoreStatus::newest_backup() const {
  const catalog::RunRecord* newest = nullptr;
  for (const TaskStatus& task : tasks) {
    if (!makes_backup(task.kind) || !task.last_success) continue;
    if (!newest || newest->started < task.last_success->started) newest = &*task.last_success;
  }
  return newest;
}

namespace {

// Whatever is due is judged from here on: the last success, or when the schedule was first
// followed.
std::optional<WallTime> settled_up_to(const TaskStatus& status, const catalog::TaskState* state) {
  std::optional<WallTime> settled;
  if (status.last_success) settled = status.last_success->started;
  if (state && (!settled || *settled < state->since)) settled = state->since;
  return settled;
}

// Told to stop, or ended with its process: it is begun again, or the task becomes late.
bool is_cut(const catalog::RunRecord& record) {
  return record.outcome == catalog::RunRecord::kInterrupted ||
         record.outcome == holdfast::name_of(ErrorKind::kCancelled);
}

Health judge(const TaskStatus& status, Duration allowed) {
  if (status.last && !status.last->is_success() && !is_cut(*status.last)) return Health::kFailed;
  if (status.lateness > allowed) return Health::kLate;
  return status.last_success ? Health::kFine : Health::kUnknown;
}

TaskStatus status_of(const Task& task, const catalog::RunSummary& runs,
                     const catalog::ScheduleState& state, WallTime now, Duration allowed) {
  TaskStatus status;
  status.kind = task.kind;
  const std::string name(name_of(task.kind));
  if (auto found = runs.tasks.find(name); found != runs.tasks.end()) {
    status.last = found->second.last;
    status.last_success = found->second.last_success;
    status.last_missed = found->second.last_missed;
  }
  if (task.schedule) {
    auto found = state.tasks.find(name);
    const catalog::TaskState* stored = found == state.tasks.end() ? nullptr : &found->second;
    status.schedule = task.schedule->text();
    status.next = task.schedule->next(stored ? std::max(now, stored->handled) : now, task.zone);
    if (auto settled = settled_up_to(status, stored)) {
      const auto due = task.schedule->next(*settled, task.zone);
      if (due && *due < now) status.lateness = now - *due;
    }
  }
  status.health = judge(status, allowed);
  return status;
}

}  // namespace

StoreStatus status_of(const StorePlan& plan, const catalog::RunSummary& runs,
                      const catalog::ScheduleState& state,
                      const std::optional<catalog::Pause>& paused, WallTime now, Duration allowed) {
  StoreStatus status;
  status.store = plan.store;
  status.paused = paused;
  for (const Task& task : plan.tasks) {
    status.tasks.push_back(status_of(task, runs, state, now, allowed));
    status.health = std::max(status.health, status.tasks.back().health);
  }
  return status;
}

}  // namespace holdfast::job
