#include "retention/slm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::retention {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;
using Time = std::chrono::sys_time<milliseconds>;

constexpr Time kNow{milliseconds(1'774'926'000'000)};
constexpr auto kGood = SnapshotState::kSuccess;
constexpr auto kFailed = SnapshotState::kFailed;
constexpr auto kPartial = SnapshotState::kPartial;

// Started that many hours before now.
Snapshot made(SnapshotState state, int age) {
  return {"s" + std::to_string(age), state, kNow - hours(age)};
}

std::vector<std::string> removed(const SlmPolicy& policy, const std::vector<Snapshot>& snapshots) {
  std::vector<std::string> names;
  auto verdicts = apply_slm(policy, snapshots, kNow);
  EXPECT_EQ(verdicts.size(), snapshots.size());
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i].remove) names.push_back(snapshots[i].name);
  }
  return names;
}

TEST(Slm, without_limits_only_superseded_failures_go) {
  EXPECT_THAT(removed({}, {made(kGood, 9), made(kFailed, 8), made(kPartial, 7), made(kGood, 6),
                           made(kFailed, 5), made(kPartial, 6)}),
              ElementsAre("s8", "s7"));
}

TEST(Slm, age_must_exceed_expire_after) {
  SlmPolicy policy{.expire_after = hours(5)};
  auto exact = made(kGood, 5);
  auto older = exact;
  older.name = "older";
  older.start -= milliseconds(1);
  EXPECT_THAT(removed(policy, {exact, older, made(kFailed, 4), made(kFailed, 6)}),
              ElementsAre("older", "s6"));
}

TEST(Slm, max_count_takes_failures_that_are_older_too) {
  SlmPolicy policy{.expire_after = hours(1000), .max_count = 1};
  EXPECT_THAT(removed(policy, {made(kFailed, 9), made(kGood, 8), made(kPartial, 7), made(kGood, 6),
                               made(kFailed, 5)}),
              ElementsAre("s9", "s8", "s7"));
}

TEST(Slm, min_count_keeps_good_ones_whatever_their_age) {
  SlmPolicy policy{.expire_after = hours(1), .min_count = 2};
  EXPECT_THAT(removed(policy, {made(kGood, 9), made(kGood, 8), made(kGood, 7), made(kFailed, 6)}),
              ElementsAre("s9", "s6"));
  EXPECT_THAT(removed(policy, {made(kGood, 9), made(kFailed, 8), made(kGood, 7)}),
              ElementsAre("s8"));
}

TEST(Slm, equal_starts_keep_the_listed_order) {
  SlmPolicy policy{.max_count = 1};
  auto first = made(kGood, 5), second = made(kGood, 5);
  first.name = "listed first";
  EXPECT_THAT(removed(policy, {first, second}), ElementsAre("listed first"));
}

TEST(Slm, running_snapshots_stay_and_do_not_count) {
  SlmPolicy policy{.expire_after = hours(1), .max_count = 1};
  EXPECT_THAT(removed(policy, {made(SnapshotState::kInProgress, 9), made(kGood, 0)}),
              ElementsAre());
}

TEST(Slm, gives_reasons) {
  SlmPolicy policy{.expire_after = hours(4), .min_count = 1, .max_count = 2};
  auto verdicts = apply_slm(policy,
                            {made(kGood, 9), made(kFailed, 8), made(kGood, 7), made(kPartial, 6),
                             made(kGood, 5), made(kFailed, 1), made(SnapshotState::kInProgress, 0)},
                            kNow);
  std::vector<std::string> reasons;
  for (const Verdict& verdict : verdicts) reasons.push_back(verdict.reason);
  EXPECT_THAT(reasons, ElementsAre("beyond the newest 2 good ones", "beyond the newest 2 good ones",
                                   "older than expire_after", "older than expire_after",
                                   "one of the newest 1 good ones", "not older than expire_after",
                                   "still running"));
  verdicts = apply_slm({}, {made(kPartial, 3), made(kGood, 2)}, kNow);
  EXPECT_EQ(verdicts[0].reason, "partial, and a good one started later");
  EXPECT_EQ(verdicts[1].reason, "no rule removes it");
}

TEST(Slm, refuses_counts_that_make_no_sense) {
  EXPECT_THROW(apply_slm({.min_count = 0}, {}, kNow), InvalidArgument);
  EXPECT_THROW(apply_slm({.max_count = 0}, {}, kNow), InvalidArgument);
  EXPECT_THROW(apply_slm({.min_count = 3, .max_count = 2}, {}, kNow), InvalidArgument);
  EXPECT_NO_THROW(apply_slm({.min_count = 2, .max_count = 2}, {}, kNow));
}

TEST(Slm, names_of_states) {
  EXPECT_EQ(snapshot_state_named("IN_PROGRESS"), SnapshotState::kInProgress);
  EXPECT_THROW(snapshot_state_named("success"), InvalidArgument);
}

}  // namespace
}  // namespace holdfast::retention
