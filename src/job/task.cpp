#include "job/task.h"

#include <array>

namespace holdfast::job {

namespace {

constexpr std::array<std::string_view, 7> kNames = {"backup", "full",   "incremental", "copy",
                                                    "prune",  "verify", "drill"};

}  // namespace

std::string_view name_of(TaskKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<TaskKind> task_named(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<TaskKind>(i);
  }
  return std::nullopt;
}

bool makes_backup(TaskKind kind) { return kind < TaskKind::kPrune; }

}  // namespace holdfast::job
