// What people are told of, and when: failure, lateness, and recovery from them. Pure.
//
// A task is in one state at a time: well, failed (by a kind of failure), or late. An event is a
// change of state that has not been told yet; what was told is remembered by task in
// catalog::ScheduleState::told, so that each is told once, over restarts too. A task that goes on
// failing is told again only when the kind of failure changes, or after a success in between; a
// late one that then fails is told as failed. A run that was cut with its process is no failure: it
// begins again, or the task becomes late. Recovery is told only when something was told before.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "job/status.h"

namespace holdfast::job {

enum class Occasion {
  kFailure,
  kLate,
  kRecovery,
  kTest,  // somebody wants to see whether it arrives
};
// "failure", "late", "recovery", "test".
std::string_view name_of(Occasion occasion);

struct Event {
  Occasion occasion = Occasion::kFailure;
  std::string store, task;
  WallTime when;  // noticed
  // Of the run that failed, or that it recovered by; empty when there is none.
  std::string run, outcome, error;
  Duration lateness{0};
  std::optional<WallTime> last_success;  // of this task
  std::string paused_by;                 // why nothing starts: "ann@host"; empty: it is not paused
  // What told[task] becomes when people know; empty: nothing.
  std::string state;
};

struct Telling {
  std::set<Occasion> on = {Occasion::kFailure, Occasion::kLate, Occasion::kRecovery};
  Duration allowed{0};  // how late a task may be, as in status_of()
};

// What has to be told now. The same until note_told() says that it was: Notifier drops what it
// has in hand already. Empty for a store that another scheduler works for, which tells itself.
std::vector<Event> events_of(const StoreStatus& store,
                             const std::map<std::string, std::string>& told, const Telling& telling,
                             WallTime now);
void note_told(std::map<std::string, std::string>& told, const Event& event);

}  // namespace holdfast::job
