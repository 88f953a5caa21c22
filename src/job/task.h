// What a schedule can start, and when: the scheduler's own words. Pure data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/zone.h"
#include "schedule/cron.h"

namespace holdfast::job {

enum class TaskKind { kBackup, kFull, kIncremental, kCopy, kPrune, kVerify, kDrill };

// "backup", "full", "incremental", "copy", "prune", "verify", "drill": as run records and metrics
// name them.
std::string_view name_of(TaskKind kind);
std::optional<TaskKind> task_named(std::string_view name);
// Whether its success makes something new that can be restored.
bool makes_backup(TaskKind kind);

struct Task {
  TaskKind kind = TaskKind::kBackup;
  std::optional<schedule::Schedule> schedule = std::nullopt;
  Zone zone = Zone::utc();             // of the schedule
  std::vector<TaskKind> follows = {};  // without a schedule: it comes after each success of these
};

// All that runs by itself for one store. At most one task of a kind.
struct StorePlan {
  std::string store;
  std::vector<Task> tasks;
};

}  // namespace holdfast::job
