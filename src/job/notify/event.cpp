#include "job/notify/event.h"

#include "base/error.h"

namespace holdfast::job {

std::string_view name_of(Occasion occasion) {
  switch (occasion) {
    case Occasion::kFailure:
      return "failure";
    case Occasion::kLate:
      return "late";
    case Occasion::kRecovery:
      return "recovery";
    case Occasion::kTest:
      return "test";
  }
  return "failure";
}

namespace {

bool is_good(const TaskStatus& task) { return !task.last || task.last->is_success(); }

// A run that ended with its process begins again by itself. When it does not, it becomes late.
bool was_cut(const catalog::RunRecord& run) {
  return run.outcome == catalog::RunRecord::kInterrupted ||
         run.outcome == name_of(ErrorKind::kCancelled);
}

bool has_failed(const TaskStatus& task) { return !is_good(task) && !was_cut(*task.last); }

// The state that is to be told; empty when the task is well, as far as anybody wants to know.
// It names the last success, so that the same trouble after another one is another event, also when
// nobody is told of the recovery between them.
std::string state_of(const TaskStatus& task, const Telling& telling) {
  const std::string since = " since " + (task.last_success ? task.last_success->id : "none");
  if (has_failed(task) && telling.on.contains(Occasion::kFailure)) {
    return "failed " + task.last->outcome + since;
  }
  if (task.lateness > telling.allowed && telling.on.contains(Occasion::kLate)) {
    return "late" + since;
  }
  return "";
}

Event event_of(const StoreStatus& store, const TaskStatus& task, std::string state, WallTime now) {
  Event event;
  event.occasion = state.empty()                  ? Occasion::kRecovery
                   : state.starts_with("failed ") ? Occasion::kFailure
                                                  : Occasion::kLate;
  event.store = store.store;
  event.task = name_of(task.kind);
  event.when = now;
  event.lateness = task.lateness;
  if (task.last_success) event.last_success = task.last_success->started;
  if (store.paused) event.paused_by = store.paused->by;
  if (task.last && event.occasion != Occasion::kLate) {
    event.run = task.last->id;
    event.outcome = task.last->outcome;
    event.error = task.last->error;
  }
  event.state = std::move(state);
  return event;
}

}  // namespace

std::vector<Event> events_of(const StoreStatus& store,
                             const std::map<std::string, std::string>& told, const Telling& telling,
                             WallTime now) {
  std::vector<Event> events;
  if (store.is_standby) return events;
  for (const TaskStatus& task : store.tasks) {
    const auto known = told.find(std::string(name_of(task.kind)));
    std::string state = state_of(task, telling);
    if (state.empty()) {
      // Not well yet, when what was told of before is not to be told of any more.
      const bool is_well = is_good(task) && task.lateness <= telling.allowed;
      if (known == told.end() || !is_well || !telling.on.contains(Occasion::kRecovery)) continue;
    } else if (known != told.end() && known->second == state) {
      continue;
    }
    events.push_back(event_of(store, task, std::move(state), now));
  }
  return events;
}

void note_told(std::map<std::string, std::string>& told, const Event& event) {
  if (event.state.empty()) {
    told.erase(event.task);
  } else {
    told[event.task] = event.state;
  }
}

}  // namespace holdfast::job
