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
    catalog::TaskState& begins = tasks[name];
    // What has come due by the old schedule is still started, or told.
    if (found != state.tasks.end()) begins = found->second;
    begins.schedule = task.schedule->text();
    begins.zone = task.zone.name();
    begins.since = begins.handled = now;
  }
  state.tasks = std::move(tasks);
  for (auto& [name, task] : state.tasks) {
    if (task.since > now + kTrustedAhead) task.since = now;
    if (task.handled <= now + kTrustedAhead) continue;
    lines.push_back(
        fmt::format("{}: {} is marked as done, which is far ahead of the clock: it is "
                    "followed from now on",
                    name, format_rfc3339(task.handled)));
    task.handled = task.since = now;
  }
  return lines;
}

bool is_far_ahead(const catalog::ScheduleState& state, WallTime now) {
  return std::any_of(state.tasks.begin(), state.tasks.end(), [&](const auto& one) {
    return std::max(one.second.handled, one.second.since) > now + kTrustedAhead;
  });
}

DueList::DueList(std::vector<Task> tasks, Duration starting_deadline)
    : tasks_(std::move(tasks)), starting_deadline_(starting_deadline) {
  std::erase_if(tasks_, [](const Task& task) { return !task.schedule; });
}

std::optional<WallTime> DueList::moment_after(const Task& task, WallTime handled) const {
  auto kept = answers_.find(task.kind);
  if (kept != answers_.end() && kept->second.handled == handled) return kept->second.moment;
  const auto moment = task.schedule->next(handled, task.zone);
  answers_[task.kind] = {handled, moment};
  return moment;
}

std::optional<DueList::Found> DueList::find(const Task& task, WallTime handled,
                                            WallTime now) const {
  auto moment = moment_after(task, handled);
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

namespace {

catalog::TaskState& state_of(catalog::ScheduleState& state, TaskKind kind) {
  return state.tasks.at(std::string(name_of(kind)));
}

const catalog::TaskState& state_of(const catalog::ScheduleState& state, TaskKind kind) {
  return state.tasks.at(std::string(name_of(kind)));
}

void give_up_waiting(catalog::TaskState& state, TaskKind kind, const std::string& why,
                     std::vector<MissedRuns>& missed) {
  if (!state.waiting) return;
  missed.push_back({kind, *state.waiting, *state.waiting, 1, why});
  state.waiting.reset();
}

}  // namespace

std::vector<MissedRuns> DueList::collect(State& state, WallTime now, bool was_busy,
                                         const std::string& why) const {
  std::vector<MissedRuns> missed;
  for (const Task& task : tasks_) {
    catalog::TaskState& stored = state_of(state, task.kind);
    const auto found = find(task, stored.handled, now);
    if (!found) continue;
    stored.handled = found->last;
    give_up_waiting(stored, task.kind, kStillGoing, missed);
    const std::string reason = was_busy ? kStillGoing : why;
    if (was_busy || !is_too_old(found->last, now)) {
      stored.waiting = found->last;
      stored.is_catch_up = !was_busy && now - found->last > kPunctual;
      if (found->count > 1) {
        missed.push_back({task.kind, found->first, found->last_but_one, found->count - 1, reason});
      }
    } else {
      missed.push_back({task.kind, found->first, found->last, found->count, reason});
    }
  }
  return missed;
}

std::vector<MissedRuns> DueList::skip(State& state, WallTime now, const std::string& why) const {
  std::vector<MissedRuns> missed;
  for (const Task& task : tasks_) {
    catalog::TaskState& stored = state_of(state, task.kind);
    give_up_waiting(stored, task.kind, why, missed);
    const auto found = find(task, stored.handled, now);
    if (!found) continue;
    stored.handled = found->last;
    missed.push_back({task.kind, found->first, found->last, found->count, why});
  }
  return missed;
}

std::vector<MissedRuns> DueList::drop_old(State& state, WallTime now,
                                          const std::string& why) const {
  std::vector<MissedRuns> missed;
  for (const Task& task : tasks_) {
    catalog::TaskState& stored = state_of(state, task.kind);
    if (stored.waiting && is_too_old(*stored.waiting, now)) {
      give_up_waiting(stored, task.kind, why, missed);
    }
  }
  return missed;
}

std::optional<DueRun> DueList::waiting(const State& state) const {
  std::optional<DueRun> first;
  for (const Task& task : tasks_) {
    const catalog::TaskState& stored = state_of(state, task.kind);
    if (!stored.waiting || (first && first->due <= *stored.waiting)) continue;
    first = DueRun{task.kind, *stored.waiting, stored.is_catch_up};
  }
  return first;
}

void DueList::take(State& state, TaskKind kind) { state_of(state, kind).waiting.reset(); }

void DueList::put_back(State& state, const DueRun& run) {
  catalog::TaskState& stored = state_of(state, run.kind);
  stored.waiting = run.due;
  stored.is_catch_up = run.is_catch_up;
}

std::optional<WallTime> DueList::next(const State& state) const {
  std::optional<WallTime> first;
  for (const Task& task : tasks_) {
    const auto moment = moment_after(task, state_of(state, task.kind).handled);
    if (moment && (!first || *moment < *first)) first = moment;
  }
  return first;
}

}  // namespace holdfast::job
