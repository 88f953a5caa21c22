#include "retention/slm.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <numeric>

#include "base/error.h"

namespace holdfast::retention {

namespace {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

constexpr std::array<std::string_view, 4> kStates = {"SUCCESS", "FAILED", "PARTIAL", "IN_PROGRESS"};

std::string lower_name(SnapshotState state) {
  return state == SnapshotState::kFailed ? "failed" : "partial";
}

class Decision {
 public:
  Decision(const SlmPolicy& policy, const std::vector<Snapshot>& snapshots, Time now)
      : policy_(policy), snapshots_(snapshots), now_(now), excess_(snapshots.size()) {
    for (std::size_t i = 0; i < snapshots.size(); ++i) {
      if (snapshots[i].state != SnapshotState::kInProgress) by_age_.push_back(i);
    }
    std::stable_sort(by_age_.begin(), by_age_.end(), [&](std::size_t a, std::size_t b) {
      return snapshots[a].start < snapshots[b].start;
    });
    for (std::size_t i : by_age_) {
      if (snapshots[i].state == SnapshotState::kSuccess) rank_of_success_.emplace_back(i);
    }
    mark_excess();
  }

  Verdict of(std::size_t index) const {
    const Snapshot& snapshot = snapshots_[index];
    if (snapshot.state == SnapshotState::kInProgress) return {false, "still running"};
    bool good = snapshot.state == SnapshotState::kSuccess;
    if (!policy_.expire_after && !good && !rank_of_success_.empty() &&
        snapshots_[rank_of_success_.back()].start > snapshot.start) {
      return {true, lower_name(snapshot.state) + ", and a good one started later"};
    }
    if (excess_[index]) {
      return {true, fmt::format("beyond the newest {} good ones", *policy_.max_count)};
    }
    if (good && policy_.min_count && !may_expire(index)) {
      return {false, fmt::format("one of the newest {} good ones", *policy_.min_count)};
    }
    if (policy_.expire_after && now_ - snapshot.start > *policy_.expire_after) {
      return {true, "older than expire_after"};
    }
    return {false, policy_.expire_after ? "not older than expire_after" : "no rule removes it"};
  }

 private:
  std::size_t beyond(int count) const {
    auto kept = static_cast<std::size_t>(count);
    return rank_of_success_.size() > kept ? rank_of_success_.size() - kept : 0;
  }

  // Everything, failed ones too, that is older than the first good one to be kept.
  void mark_excess() {
    std::size_t most = policy_.max_count ? beyond(*policy_.max_count) : 0;
    if (most == 0) return;
    for (std::size_t i : by_age_) {
      if (i == rank_of_success_[most]) return;
      excess_[i] = true;
    }
  }

  bool may_expire(std::size_t index) const {
    auto end = rank_of_success_.begin() + static_cast<std::ptrdiff_t>(beyond(*policy_.min_count));
    return std::find(rank_of_success_.begin(), end, index) != end;
  }

  const SlmPolicy& policy_;
  const std::vector<Snapshot>& snapshots_;
  Time now_;
  std::vector<std::size_t> by_age_;           // oldest first; equal times as listed
  std::vector<std::size_t> rank_of_success_;  // of these the good ones
  std::vector<bool> excess_;
};

}  // namespace

SnapshotState snapshot_state_named(std::string_view name) {
  auto found = std::find(kStates.begin(), kStates.end(), name);
  if (found == kStates.end()) {
    throw InvalidArgument(fmt::format("snapshot state '{}'", name.substr(0, 64)), "unknown",
                          fmt::format("use one of {}", fmt::join(kStates, ", ")));
  }
  return static_cast<SnapshotState>(found - kStates.begin());
}

void SlmPolicy::check() const {
  auto refuse = [](std::string why) {
    throw InvalidArgument("snapshot retention", std::move(why));
  };
  if (min_count && *min_count < 1) refuse("the least number of snapshots is below 1");
  if (max_count && *max_count < 1) refuse("the greatest number of snapshots is below 1");
  if (min_count && max_count && *min_count > *max_count) {
    refuse(fmt::format("at least {} and at most {} snapshots contradict each other", *min_count,
                       *max_count));
  }
}

std::vector<Verdict> apply_slm(const SlmPolicy& policy, const std::vector<Snapshot>& snapshots,
                               Time now) {
  policy.check();
  Decision decision(policy, snapshots, now);
  std::vector<Verdict> verdicts;
  verdicts.reserve(snapshots.size());
  for (std::size_t i = 0; i < snapshots.size(); ++i) verdicts.push_back(decision.of(i));
  return verdicts;
}

}  // namespace holdfast::retention
