#include "job/due.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::job {
namespace {

using namespace std::chrono_literals;
using schedule::Dialect;

WallTime at(std::string_view text) { return parse_rfc3339(text); }

Task task(TaskKind kind, std::string_view text, const Zone& zone = Zone::utc()) {
  return {kind, schedule::parse(Dialect::kCronexpr, text), zone, {}};
}

// Of two tasks: hourly incrementals at :45, a full one at 00:45.
class DueTest : public ::testing::Test {
 protected:
  DueTest() { adopt_plan({"clickhouse", tasks_}, state_, at("2026-03-01T10:00:00Z")); }

  std::vector<MissedRuns> collect(std::string_view now, bool was_busy = false) {
    return list_.collect(state_, at(now), was_busy, "it slept");
  }
  std::optional<WallTime> waiting() {
    const auto run = list_.waiting(state_);
    return run ? std::optional(run->due) : std::nullopt;
  }

  std::vector<Task> tasks_ = {task(TaskKind::kFull, "45 0 * * *"),
                              task(TaskKind::kIncremental, "45 3-23 * * *")};
  DueList list_{tasks_, 1h};
  catalog::ScheduleState state_;
};

TEST_F(DueTest, NothingIsDueBeforeItsMoment) {
  EXPECT_TRUE(collect("2026-03-01T10:44:59Z").empty());
  EXPECT_EQ(waiting(), std::nullopt);
  EXPECT_EQ(list_.next(state_), at("2026-03-01T10:45:00Z"));
}

TEST_F(DueTest, AMomentIsStartedOnce) {
  EXPECT_TRUE(collect("2026-03-01T10:45:00Z").empty());
  const auto run = list_.waiting(state_);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->kind, TaskKind::kIncremental);
  EXPECT_FALSE(run->is_catch_up);
  DueList::take(state_, run->kind);
  EXPECT_TRUE(collect("2026-03-01T10:45:00Z").empty());
  EXPECT_TRUE(collect("2026-03-01T11:44:59Z").empty());
  EXPECT_EQ(waiting(), std::nullopt);
}

TEST_F(DueTest, AYoungMissedMomentIsMadeUpForAndStandsForThoseBeforeIt) {
  const std::vector<MissedRuns> missed = collect("2026-03-01T14:00:00Z");
  ASSERT_EQ(missed.size(), 1u);
  EXPECT_EQ(missed[0].count, 3u);
  EXPECT_EQ(missed[0].first, at("2026-03-01T10:45:00Z"));
  EXPECT_EQ(missed[0].last, at("2026-03-01T12:45:00Z"));
  EXPECT_EQ(missed[0].why, "it slept");
  ASSERT_EQ(waiting(), at("2026-03-01T13:45:00Z"));
  EXPECT_TRUE(list_.waiting(state_)->is_catch_up);
}

TEST_F(DueTest, AnOldMissedMomentIsNot) {
  collect("2026-03-02T00:00:00Z");
  DueList::take(state_, TaskKind::kIncremental);
  // The full one of 00:45 is more than an hour old at 02:00, and no incremental is due until 03:45.
  const std::vector<MissedRuns> missed = collect("2026-03-02T02:00:00Z");
  ASSERT_EQ(missed.size(), 1u);
  EXPECT_EQ(missed[0].kind, TaskKind::kFull);
  EXPECT_EQ(missed[0].count, 1u);
  EXPECT_EQ(waiting(), std::nullopt);
}

TEST_F(DueTest, WhatComesDueDuringARunWaitsHoweverLongThatTakes) {
  collect("2026-03-01T23:45:00Z");
  DueList::take(state_, TaskKind::kIncremental);
  const std::vector<MissedRuns> missed = collect("2026-03-02T08:00:00Z", true);
  EXPECT_EQ(waiting(), at("2026-03-02T00:45:00Z")) << "the full one, of more than seven hours ago";
  ASSERT_EQ(missed.size(), 1u);
  EXPECT_EQ(missed[0].kind, TaskKind::kIncremental);
  EXPECT_EQ(missed[0].count, 4u) << "03:45 to 06:45";
  DueList::take(state_, TaskKind::kFull);
  EXPECT_EQ(waiting(), at("2026-03-02T07:45:00Z"));
}

TEST_F(DueTest, OneOfAKindWaits) {
  collect("2026-03-01T10:45:00Z");
  const std::vector<MissedRuns> missed = collect("2026-03-01T11:45:00Z");
  ASSERT_EQ(missed.size(), 1u);
  EXPECT_EQ(missed[0].first, at("2026-03-01T10:45:00Z"));
  EXPECT_EQ(waiting(), at("2026-03-01T11:45:00Z"));
}

TEST_F(DueTest, AClockThatIsSetBackStartsNothingTwice) {
  collect("2026-03-01T10:45:00Z");
  DueList::take(state_, TaskKind::kIncremental);
  EXPECT_TRUE(adopt_plan({"clickhouse", tasks_}, state_, at("2026-03-01T10:30:00Z")).empty());
  EXPECT_TRUE(collect("2026-03-01T10:30:00Z").empty());
  EXPECT_TRUE(collect("2026-03-01T10:45:00Z").empty());
  EXPECT_EQ(waiting(), std::nullopt);
  EXPECT_EQ(list_.next(state_), at("2026-03-01T11:45:00Z"));
}

TEST_F(DueTest, AClockThatWasYearsAheadDoesNotStopEverything) {
  collect("2036-03-01T10:45:00Z");
  EXPECT_EQ(adopt_plan({"clickhouse", tasks_}, state_, at("2026-03-01T11:00:00Z")).size(), 2u);
  EXPECT_EQ(list_.next(state_), at("2026-03-01T11:45:00Z"));
}

TEST_F(DueTest, AnotherScheduleIsFollowedFromNowOn) {
  tasks_[1] = task(TaskKind::kIncremental, "0 * * * *");
  EXPECT_EQ(adopt_plan({"clickhouse", tasks_}, state_, at("2026-03-05T10:30:00Z")).size(), 1u);
  DueList changed(tasks_, 1h);
  EXPECT_EQ(changed.next(state_), at("2026-03-02T00:45:00Z")) << "the other one is as it was";
  changed.collect(state_, at("2026-03-05T10:30:00Z"), false, "");
  EXPECT_EQ(changed.next(state_), at("2026-03-05T11:00:00Z"));
  EXPECT_EQ(state_.tasks.at("incremental").since, at("2026-03-05T10:30:00Z"));
}

TEST_F(DueTest, APauseSkipsWhatWaitsToo) {
  collect("2026-03-01T10:45:00Z");
  const std::vector<MissedRuns> missed = list_.skip(state_, at("2026-03-01T12:00:00Z"), "paused");
  ASSERT_EQ(missed.size(), 2u);
  EXPECT_EQ(missed[0].last, at("2026-03-01T10:45:00Z"));
  EXPECT_EQ(missed[1].last, at("2026-03-01T11:45:00Z"));
  EXPECT_EQ(waiting(), std::nullopt);
}

TEST(Due, MomentsOfAMonthOfSecondsAreNotAllCounted) {
  const std::vector<Task> tasks = {task(TaskKind::kBackup, "* * * * * * *")};
  catalog::ScheduleState state;
  adopt_plan({"names", tasks}, state, at("2026-03-01T00:00:00Z"));
  DueList list(tasks, 1h);
  const auto missed = list.collect(state, at("2026-04-01T00:00:00Z"), false, "off");
  ASSERT_EQ(missed.size(), 1u);
  EXPECT_GE(missed[0].count, DueList::kMostCounted);
  EXPECT_LE(missed[0].count, 2 * DueList::kMostCounted + 61);
  EXPECT_EQ(list.waiting(state)->due, at("2026-04-01T00:00:00Z"));
}

// 02:30 does not exist on 29 March in Amsterdam, and comes twice on 25 October.
TEST(Due, DaylightSavingStartsEachAnsweredMomentOnce) {
  const Zone zone = Zone::named("Europe/Amsterdam");
  const std::vector<Task> tasks = {task(TaskKind::kBackup, "30 2 * * *", zone)};
  for (const auto& [from, to, days] :
       {std::tuple{"2026-03-27T12:00:00Z", "2026-03-31T12:00:00Z", 4},
        std::tuple{"2026-10-23T12:00:00Z", "2026-10-27T12:00:00Z", 4}}) {
    catalog::ScheduleState state;
    adopt_plan({"names", tasks}, state, at(from));
    DueList list(tasks, 1h);
    int started = 0;
    for (WallTime now = at(from); now < at(to); now += 10min) {
      EXPECT_TRUE(list.collect(state, now, false, "").empty());
      if (const auto run = list.waiting(state)) {
        ++started;
        DueList::take(state, run->kind);
      }
    }
    EXPECT_EQ(started, days) << from;
  }
}

}  // namespace
}  // namespace holdfast::job
