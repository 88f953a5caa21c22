// Which snapshots Elasticsearch's snapshot lifecycle management would delete
// (SnapshotRetentionConfiguration of 7.17).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "retention/verdict.h"

namespace holdfast::retention {

enum class SnapshotState { kSuccess, kFailed, kPartial, kInProgress };

// One of SUCCESS, FAILED, PARTIAL, IN_PROGRESS; throws InvalidArgument.
SnapshotState snapshot_state_named(std::string_view name);

struct Snapshot {
  std::string name;
  SnapshotState state = SnapshotState::kSuccess;
  std::chrono::sys_time<std::chrono::milliseconds> start;
};

struct SlmPolicy {
  std::optional<std::chrono::milliseconds> expire_after;
  std::optional<int> min_count, max_count;

  // Throws InvalidArgument when a count is below 1, or min_count above max_count.
  void check() const;
};

// One verdict for each snapshot, in the same order. `snapshots` are those that the policy itself
// made, as the repository lists them. Snapshots that still run stay and count for nothing. Unlike
// the other policies this one may remove the last good snapshot (expire_after alone): the caller
// decides about that.
std::vector<Verdict> apply_slm(const SlmPolicy& policy, const std::vector<Snapshot>& snapshots,
                               std::chrono::sys_time<std::chrono::milliseconds> now);

}  // namespace holdfast::retention
