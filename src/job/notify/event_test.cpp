#include "job/notify/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::job {
namespace {

using ::testing::ElementsAre;

const WallTime kNow = parse_rfc3339("2024-06-17T06:30:00Z");
constexpr Duration kAllowed = std::chrono::hours(1);

// One store with a backup at three, whose runs the tests add in order.
class EventsTest : public ::testing::Test {
 protected:
  void run_at(const char* started, const std::string& outcome) {
    catalog::RunRecord record;
    record.id = "run" + std::to_string(++runs_);
    record.store = "stackgraph";
    record.kind = record.task = "backup";
    record.started = record.ended = parse_rfc3339(started);
    record.outcome = outcome;
    if (outcome != "success") record.error = "backup stackgraph: no space; make room";
    summary_.note(record);
  }
  StoreStatus status(const char* now) {
    const StorePlan plan{
        "stackgraph",
        {{TaskKind::kBackup, schedule::parse(schedule::Dialect::kKubernetes, "0 3 * * *"),
          Zone::utc()}}};
    return status_of(plan, summary_, {}, paused_, parse_rfc3339(now), kAllowed);
  }
  // What is told at that moment; it counts as told.
  std::vector<std::string> tell_at(const char* now) {
    std::vector<std::string> lines;
    for (const Event& event : events_of(status(now), told_, {on_, kAllowed}, parse_rfc3339(now))) {
      lines.push_back(std::string(name_of(event.occasion)) + " " + event.run);
      note_told(told_, event);
    }
    return lines;
  }

  catalog::RunSummary summary_;
  std::optional<catalog::Pause> paused_;
  std::map<std::string, std::string> told_;
  std::set<Occasion> on_ = {Occasion::kFailure, Occasion::kLate, Occasion::kRecovery};
  int runs_ = 0;
};

TEST_F(EventsTest, AreNoneWhileAllIsWell) {
  EXPECT_THAT(tell_at("2024-06-17T02:00:00Z"), ElementsAre());
  run_at("2024-06-17T03:00:00Z", "success");
  EXPECT_THAT(tell_at("2024-06-17T04:00:00Z"), ElementsAre());
}

TEST_F(EventsTest, TellAFailureOnceAndTheRecovery) {
  run_at("2024-06-17T03:00:00Z", "no_space");
  EXPECT_THAT(tell_at("2024-06-17T03:01:00Z"), ElementsAre("failure run1"));
  EXPECT_THAT(tell_at("2024-06-17T03:02:00Z"), ElementsAre());
  run_at("2024-06-17T04:00:00Z", "no_space");
  EXPECT_THAT(tell_at("2024-06-17T04:01:00Z"), ElementsAre());
  run_at("2024-06-17T05:00:00Z", "success");
  EXPECT_THAT(tell_at("2024-06-17T05:01:00Z"), ElementsAre("recovery run3"));
  EXPECT_THAT(tell_at("2024-06-17T05:02:00Z"), ElementsAre());
}

TEST_F(EventsTest, TellAnotherKindOfFailure) {
  run_at("2024-06-17T03:00:00Z", "no_space");
  EXPECT_THAT(tell_at("2024-06-17T03:01:00Z"), ElementsAre("failure run1"));
  run_at("2024-06-17T04:00:00Z", "access_denied");
  EXPECT_THAT(tell_at("2024-06-17T04:01:00Z"), ElementsAre("failure run2"));
}

TEST_F(EventsTest, TellTheSameFailureAgainAfterASuccessThatNobodySaw) {
  run_at("2024-06-17T03:00:00Z", "no_space");
  EXPECT_THAT(tell_at("2024-06-17T03:01:00Z"), ElementsAre("failure run1"));
  run_at("2024-06-17T04:00:00Z", "success");
  run_at("2024-06-17T05:00:00Z", "no_space");
  EXPECT_THAT(tell_at("2024-06-17T05:01:00Z"), ElementsAre("failure run3"));
}

TEST_F(EventsTest, TellLatenessOnceWhenItIsMoreThanAllowed) {
  run_at("2024-06-16T03:00:00Z", "success");
  EXPECT_THAT(tell_at("2024-06-17T04:00:00Z"), ElementsAre());
  EXPECT_THAT(tell_at("2024-06-17T04:00:01Z"), ElementsAre("late "));
  EXPECT_THAT(tell_at("2024-06-18T09:00:00Z"), ElementsAre());
  run_at("2024-06-18T09:30:00Z", "success");
  EXPECT_THAT(tell_at("2024-06-18T10:00:00Z"), ElementsAre("recovery run2"));
  EXPECT_THAT(tell_at("2024-06-19T10:00:00Z"), ElementsAre("late "));
}

TEST_F(EventsTest, TellALateOneThatFailsAndThenOneRecovery) {
  run_at("2024-06-16T03:00:00Z", "success");
  EXPECT_THAT(tell_at("2024-06-17T05:00:00Z"), ElementsAre("late "));
  run_at("2024-06-17T06:00:00Z", "unavailable");
  EXPECT_THAT(tell_at("2024-06-17T06:01:00Z"), ElementsAre("failure run2"));
  run_at("2024-06-17T07:00:00Z", "success");
  EXPECT_THAT(tell_at("2024-06-17T07:01:00Z"), ElementsAre("recovery run3"));
}

TEST_F(EventsTest, AreTheSameUntilTheyCountAsTold) {
  run_at("2024-06-17T03:00:00Z", "no_space");
  const StoreStatus now = status("2024-06-17T03:01:00Z");
  const auto first = events_of(now, told_, {on_, kAllowed}, kNow);
  const auto second = events_of(now, told_, {on_, kAllowed}, kNow);
  ASSERT_EQ(first.size(), 1u);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(first[0].state, second[0].state);
}

TEST_F(EventsTest, AreOnlyThoseThatAreWanted) {
  on_ = {Occasion::kLate};
  run_at("2024-06-16T03:00:00Z", "success");
  run_at("2024-06-17T03:00:00Z", "no_space");
  EXPECT_THAT(tell_at("2024-06-17T03:01:00Z"), ElementsAre());
  EXPECT_THAT(tell_at("2024-06-17T05:00:00Z"), ElementsAre("late "));  // and failed, too
  run_at("2024-06-17T06:00:00Z", "success");
  EXPECT_THAT(tell_at("2024-06-17T06:01:00Z"), ElementsAre());
  EXPECT_THAT(tell_at("2024-06-18T05:00:00Z"), ElementsAre("late "));
}

TEST_F(EventsTest, DoNotCallARecoveryWhatHasFailedOtherwise) {
  run_at("2024-06-16T03:00:00Z", "success");
  EXPECT_THAT(tell_at("2024-06-17T05:00:00Z"), ElementsAre("late "));
  run_at("2024-06-17T06:00:00Z", "unavailable");
  on_ = {Occasion::kRecovery};
  EXPECT_THAT(tell_at("2024-06-17T06:01:00Z"), ElementsAre());
  run_at("2024-06-17T07:00:00Z", "success");
  EXPECT_THAT(tell_at("2024-06-17T07:01:00Z"), ElementsAre("recovery run3"));
}

TEST_F(EventsTest, CallARunThatWasCutNeitherAFailureNorARecovery) {
  run_at("2024-06-17T03:00:00Z", "interrupted");
  EXPECT_THAT(tell_at("2024-06-17T03:01:00Z"), ElementsAre());
  run_at("2024-06-17T03:02:00Z", "no_space");
  EXPECT_THAT(tell_at("2024-06-17T03:03:00Z"), ElementsAre("failure run2"));
  for (const char* outcome : {"cancelled", "interrupted"}) {
    run_at("2024-06-17T03:04:00Z", outcome);
    EXPECT_THAT(tell_at("2024-06-17T03:05:00Z"), ElementsAre());
  }
  run_at("2024-06-17T03:06:00Z", "success");
  EXPECT_THAT(tell_at("2024-06-17T03:07:00Z"), ElementsAre("recovery run5"));
  run_at("2024-06-18T03:00:00Z", "interrupted");
  EXPECT_THAT(tell_at("2024-06-18T05:00:00Z"), ElementsAre("late "));
}

TEST_F(EventsTest, AreTheOtherSchedulersWhileThisOneStandsBy) {
  run_at("2024-06-17T03:00:00Z", "no_space");
  StoreStatus standby = status("2024-06-17T03:01:00Z");
  standby.is_standby = true;
  EXPECT_TRUE(events_of(standby, told_, {on_, kAllowed}, kNow).empty());
}

TEST_F(EventsTest, KnowTheRunTheErrorAndWhoPaused) {
  paused_ = catalog::Pause{kNow, "ann@host", ""};
  run_at("2024-06-16T03:00:00Z", "success");
  run_at("2024-06-17T03:00:00Z", "no_space");
  const auto events = events_of(status("2024-06-17T05:00:00Z"), told_, {on_, kAllowed}, kNow);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].store, "stackgraph");
  EXPECT_EQ(events[0].task, "backup");
  EXPECT_EQ(events[0].when, kNow);
  EXPECT_EQ(events[0].outcome, "no_space");
  EXPECT_EQ(events[0].error, "backup stackgraph: no space; make room");
  EXPECT_EQ(events[0].lateness, std::chrono::hours(2));
  EXPECT_EQ(events[0].last_success, parse_rfc3339("2024-06-16T03:00:00Z"));
  EXPECT_EQ(events[0].paused_by, "ann@host");
}

}  // namespace
}  // namespace holdfast::job
