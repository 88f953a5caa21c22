#include "retention/tiers.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::retention {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

// Copies made daily at 03:00 up to and with 31 March 2026, named by how many days before that.
std::vector<DatedCopy> daily(int count) {
  std::vector<DatedCopy> copies;
  for (int i = 0; i < count; ++i) {
    copies.push_back(
        {std::to_string(i), parse_rfc3339("2026-03-31T03:00:00Z") - std::chrono::days(i)});
  }
  return copies;
}

std::vector<std::string> kept(const TierPolicy& policy, const std::vector<DatedCopy>& copies) {
  std::vector<std::string> names;
  auto verdicts = apply_tiers(policy, copies);
  EXPECT_EQ(verdicts.size(), copies.size());
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    EXPECT_FALSE(verdicts[i].reason.empty());
    if (!verdicts[i].remove) names.push_back(copies[i].name);
  }
  return names;
}

TEST(Tiers, newest_then_one_a_week) {
  // 31 March is a Tuesday. The weeks of the rest begin on Thursdays: days 3 to 5, 6 to 12, 13
  // to 19.
  EXPECT_THAT(kept({3, 2}, daily(20)), ElementsAre("0", "1", "2", "3", "6"));
  EXPECT_THAT(kept({7, 4}, daily(60)),
              ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "13", "20", "27"));
}

TEST(Tiers, weeks_of_the_daily_tier_are_not_remembered) {
  // Day 6 starts a week as the last of the dailies; day 7 is kept for the same week.
  EXPECT_THAT(kept({7, 1}, daily(9)), ElementsAre("0", "1", "2", "3", "4", "5", "6", "7"));
}

TEST(Tiers, the_newest_always_stays) {
  EXPECT_THAT(kept({0, 0}, daily(3)), ElementsAre("0"));
  EXPECT_THAT(kept({0, 1}, daily(3)), ElementsAre("0", "1"));
  EXPECT_THAT(kept({1, 0}, daily(3)), ElementsAre("0"));
  EXPECT_THAT(kept({0, 0}, {}), IsEmpty());
}

TEST(Tiers, the_order_of_the_input_does_not_matter) {
  auto copies = daily(30);
  auto expected = kept({5, 2}, copies);
  std::rotate(copies.begin(), copies.begin() + 11, copies.end());
  auto rotated = kept({5, 2}, copies);
  std::sort(expected.begin(), expected.end());
  std::sort(rotated.begin(), rotated.end());
  EXPECT_THAT(rotated, ElementsAreArray(expected));
}

TEST(Tiers, of_equal_times_the_greater_name_is_newer) {
  WallTime time = parse_rfc3339("2026-03-31T03:00:00Z");
  EXPECT_THAT(kept({1, 0}, {{"a", time}, {"c", time}, {"b", time}}), ElementsAre("c"));
}

TEST(Tiers, pruning_twice_removes_nothing_more) {
  std::vector<DatedCopy> copies = daily(60), left;
  auto verdicts = apply_tiers({7, 4}, copies);
  for (std::size_t i = 0; i < copies.size(); ++i) {
    if (!verdicts[i].remove) left.push_back(copies[i]);
  }
  EXPECT_EQ(kept({7, 4}, left).size(), left.size());
}

TEST(Tiers, gives_reasons) {
  auto verdicts = apply_tiers({2, 1}, daily(8));
  EXPECT_EQ(verdicts[0].reason, "the newest");
  EXPECT_EQ(verdicts[1].reason, "one of the newest 2");
  EXPECT_EQ(verdicts[2].reason, "the newest of its week, week 1 of 1");
  EXPECT_EQ(verdicts[3].reason, "a newer one of its week is kept");
  EXPECT_EQ(verdicts[7].reason, "older than the newest 2 and the 1 weeks after them");
}

TEST(Tiers, negative_numbers_are_refused) {
  EXPECT_THROW(apply_tiers({-1, 0}, {}), InvalidArgument);
  EXPECT_THROW(apply_tiers({0, -1}, {}), InvalidArgument);
}

}  // namespace
}  // namespace holdfast::retention
