#include "job/due.h"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::job {

namespace {

constexpr const char* kStillGoing = "the run before it was still going";
// A clock that stands further ahead was wrong, and what it made handled is due again.
constexpr Duration kTrustedAhead = std::chrono::hours(24);
// Later than this, a start is no longer called punctual.
constexpr Duration kPunctual = std::chrono::minutes(1);

}  // namespace

DueList::DueList(std::vector<Task> tasks, Duration starting_deadline)
    : tasks_(std::move(tasks)), starting_deadline_(starting_deadline) {}

std::vector<std::string> adopt_plan(const StorePlan& plan, catalog::ScheduleState& state,
                                    WallTime now) {
  std::vector<std::string> lines;
  std::map<std::string, catalog::TaskState> tasks;
  for (const Task& task : plan.tasks) {
    if (!task.schedule) continue;
    const std::string name(name_of(task.kind));
    auto found = state.tasks.find(name);
    const bool is_same = found != state.tasks.end() &&
                         found->second.schedule == task.schedule->text() &&
                         found->second.zone == task.zone.name();
    if (is_same) {
      tasks[name] = found->second;
      continue;
    }
    if (found != state.tasks.end()) {
      lines.push_back(fmt::format("{}: the schedule is now {} ({}), followed from now on", name,
                                  task.schedule->text(), task.zone.name()));
    }
    tasks[name] = {task.schedule->text(), task.zone.name(), now, now, std::nullopt};
  }
  state.tasks = std::move(tasks);
  for (auto& [name, task] : state.tasks) {
    if (task.handled <= now + kTrustedAhead) continue;
    lines.push_back(
        fmt::format("{}: {} is marked as done, which is far ahead of the clock: it is "
                    "followed from now on",
                    name, format_rfc3339(task.handled)));
    task.handled = task.since = now;
  }
  return lines;
}

std::optional<DueList::Found> DueList::find(const Task& task, const catalog::TaskState& state,
                                            WallTime now) const {
  auto moment = task.schedule->next(state.handled, task.zone);
  if (!moment || *moment > now) return std::nullopt;
  Found found{*moment, *moment, *moment, 0};
  while (moment && *moment <= now) {
    found.last_but_one = found.last;
    found.last = *moment;
    ++found.count;
    WallTime from = found.last;
    // Every second for a month: nobody waits for that to be counted.
    if (found.count == kMostCounted) from = std::max(from, now - starting_deadline_);
    if (found.count == 2 * kMostCounted) from = std::max(from, now - kPunctual);
    moment = task.schedule->next(from, task.zone);
  }
  return found;
}

std::vector<MissedRuns> DueList::collect(catalog::ScheduleState& state, WallTime now, bool was_busy,
                                         const std::string& why) {
  std::vector<MissedRuns> missed;
  for (const Task& task : tasks_) {
    auto stored = state.tasks.find(std::string(name_of(task.kind)));
    if (!task.schedule || stored == state.tasks.end()) continue;
    const auto found = find(task, stored->second, now);
    if (!found) continue;
    stored->second.handled = found->last;
    if (auto old = waiting_.find(task.kind); old != waiting_.end()) {
      missed.push_back({task.kind, old->second.due, old->second.due, 1, kStillGoing});
      waiting_.erase(old);
    }
    const std::string reason = was_busy ? kStillGoing : why;
    if (was_busy || now - found->last <= starting_deadline_) {
      const bool is_late = !was_busy && now - found->last > kPunctual;
      waiting_[task.kind] = {task.kind, found->last, is_late};
      if (found->count > 1) {
        missed.push_back({task.kind, found->first, found->last_but_one, found->count - 1, reason});
      }
    } else {
      missed.push_back({task.kind, found->first, found->last, found->count, reason});
    }
  }
  return missed;
}

std::vector<MissedRuns> DueList::skip(catalog::ScheduleState& state, WallTime now,
                                      const std::string& why) {
  std::vector<MissedRuns> missed;
  for (const Task& task : tasks_) {
    auto stored = state.tasks.find(std::string(name_of(task.kind)));
    if (!task.schedule || stored == state.tasks.end()) continue;
    if (auto old = waiting_.find(task.kind); old != waiting_.end()) {
      missed.push_back({task.kind, old->second.due, old->second.due, 1, why});
      waiting_.erase(old);
    }
    const auto found = find(task, stored->second, now);
    if (!found) continue;
    stored->second.handled = found->last;
    missed.push_back({task.kind, found->first, found->last, found->count, why});
  }
  return missed;
}

std::optional<DueRun> DueList::waiting() const {
  std::optional<DueRun> first;
  for (const auto& [kind, run] : waiting_) {
    if (!first || run.due < first->due) first = run;
  }
  return first;
}

void DueList::take(const DueRun& run) { waiting_.erase(run.kind); }

void DueList::put_back(const DueRun& run) { waiting_[run.kind] = run; }

bool DueList::is_too_old(const DueRun& run, WallTime now) const {
  return now - run.due > starting_deadline_;
}

std::optional<WallTime> DueList::next(const catalog::ScheduleState& state) const {
  std::optional<WallTime> first;
  for (const Task& task : tasks_) {
    auto stored = state.tasks.find(std::string(name_of(task.kind)));
    if (!task.schedule || stored == state.tasks.end()) continue;
    const auto moment = task.schedule->next(stored->second.handled, task.zone);
    if (moment && (!first || *moment < *first)) first = moment;
  }
  return first;
}

}  // namespace holdfast::job
