#include "job/store_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "job/simulation_testing.h"

namespace holdfast::job {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Does what the test says, and remembers what it was told.
class ScriptedRunner : public Runner {
 public:
  explicit ScriptedRunner(SimulatedClock& clock) : clock_(clock) {}
  RunResult run(const Context&, TaskKind kind, RunCause cause, Progress&) override {
    causes.push_back(cause);
    RunResult result;
    result.not_begun = not_begun;
    result.has_no_subject = has_no_subject;
    if (!not_begun.empty()) return result;
    catalog::RunRecord record;
    record.id = "run-" + std::to_string(causes.size());
    record.store = "clickhouse";
    record.kind = "backup";
    record.task = name_of(kind);
    record.trigger = cause.trigger;
    record.due = cause.due;
    record.started = clock_.now();
    if (before) before();
    try {
      if (cause.on_begin) cause.on_begin(record);
    } catch (const Error& error) {
      result.not_begun = error.to_string();
      return result;
    }
    ++begun;
    if (during) during();
    clock_.advance(takes);
    record.ended = clock_.now();
    record.outcome = outcome;
    result.record = record;
    return result;
  }

  std::vector<RunCause> causes;
  std::string outcome = "success", not_begun;
  std::function<void()> before, during;  // before it has the store's lease, and with it
  int begun = 0;
  Duration takes = 1min;
  bool has_no_subject = false;

 private:
  SimulatedClock& clock_;
};

class StoreSchedulerTest : public ::testing::Test {
 protected:
  StoreSchedulerTest() {
    log::set_level(log::Level::kError);
    storage_.storage->buckets()->create(context_, "catalog");
    for (const auto& [kind, text] : {std::pair{TaskKind::kFull, "45 0 * * *"},
                                     std::pair{TaskKind::kIncremental, "45 3-23 * * *"},
                                     std::pair{TaskKind::kVerify, "0 6 * * *"}}) {
      plan_.tasks.push_back(
          {kind, schedule::parse(schedule::Dialect::kCronexpr, text), Zone::utc(), {}});
    }
    plan_.tasks.push_back({TaskKind::kPrune, std::nullopt, Zone::utc(), {TaskKind::kFull}});
    start();
  }
  // A new process.
  void start() {
    scheduler_ = std::make_unique<StoreScheduler>(context_, plan_, *storage_.storage,
                                                  StoreSchedulerOptions{.catalog = catalog_});
  }
  void lead() { scheduler_->lead("nobody was there"); }
  Duration turn(Lane lane = Lane::kChanges) { return scheduler_->turn(lane, runner_); }
  void go_to(std::string_view time) { clock_.advance(parse_rfc3339(time) - clock_.now()); }
  std::vector<catalog::RunRecord> records() {
    return catalog::read_records(context_, *storage_.storage, catalog_, "clickhouse", 100);
  }

  SimulatedClock clock_{parse_rfc3339("2026-03-01T10:00:00Z")};
  Context context_ = Context::with_clock(clock_).cancellable();
  SimulatedStorage storage_;
  catalog::CatalogOptions catalog_{"catalog", ".holdfast/"};
  StorePlan plan_{"clickhouse", {}};
  ScriptedRunner runner_{clock_};
  std::unique_ptr<StoreScheduler> scheduler_;
};

TEST_F(StoreSchedulerTest, DoesNothingWhileItDoesNotLead) {
  go_to("2026-03-01T10:45:00Z");
  turn();
  EXPECT_TRUE(runner_.causes.empty());
  EXPECT_TRUE(scheduler_->status().is_standby);
  EXPECT_THROW(scheduler_->request(TaskKind::kFull, "ann"), Refused);
}

TEST_F(StoreSchedulerTest, WaitsUntilTheMomentAndNoLongerThanAMinute) {
  lead();
  EXPECT_EQ(turn(), 60s);
  go_to("2026-03-01T10:44:30Z");
  EXPECT_EQ(turn(), 30s);
  go_to("2026-03-01T10:45:00Z");
  EXPECT_EQ(turn(), 0s) << "it looks again at once";
  ASSERT_EQ(runner_.causes.size(), 1u);
  EXPECT_EQ(runner_.causes[0].due, parse_rfc3339("2026-03-01T10:45:00Z"));
  EXPECT_EQ(runner_.causes[0].trigger, "schedule");
  EXPECT_EQ(turn(), 60s);
  EXPECT_EQ(runner_.causes.size(), 1u);
}

TEST_F(StoreSchedulerTest, WhatFollowsComesAfterASuccessOnly) {
  lead();
  runner_.outcome = "unavailable";
  go_to("2026-03-02T00:45:00Z");
  for (int i = 0; i < 6; ++i) turn();
  std::size_t before = runner_.causes.size();
  scheduler_->request(TaskKind::kFull, "ann");
  turn();
  turn();
  EXPECT_EQ(runner_.causes.size(), before + 1);
  runner_.outcome = "success";
  scheduler_->request(TaskKind::kFull, "ann");
  turn();
  EXPECT_EQ(runner_.causes.back().by, "ann");
  EXPECT_EQ(runner_.causes.back().trigger, "request");
  turn();
  EXPECT_EQ(runner_.causes.size(), before + 3) << "prune came by itself";
  EXPECT_THROW(scheduler_->request(TaskKind::kDrill, "ann"), NotFound);
}

TEST_F(StoreSchedulerTest, ARunThatDiedIsRecordedAndBegunAgain) {
  lead();
  go_to("2026-03-01T10:45:00Z");
  // The process dies in the middle: nothing that it does after that reaches the storage.
  runner_.during = [this] { storage_.dead = true; };
  turn();
  storage_.dead = false;
  runner_.during = nullptr;
  start();
  clock_.advance(10min);
  lead();
  ASSERT_EQ(records().size(), 1u);
  EXPECT_EQ(records()[0].outcome, "interrupted");
  turn();
  ASSERT_EQ(runner_.causes.size(), 2u);
  EXPECT_EQ(runner_.causes[1].due, runner_.causes[0].due);
  EXPECT_EQ(runner_.causes[1].trigger, "catch-up");
  turn();
  EXPECT_EQ(runner_.causes.size(), 2u);
}

TEST_F(StoreSchedulerTest, ARunThatDiedLongAgoIsRecordedOnly) {
  lead();
  go_to("2026-03-01T10:45:00Z");
  runner_.during = [this] { storage_.dead = true; };
  turn();
  storage_.dead = false;
  runner_.during = nullptr;
  start();
  go_to("2026-03-02T00:00:00Z");
  lead();
  turn();
  const auto all = records();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].outcome, "success") << "that of 23:45 is made up for";
  EXPECT_EQ(all[1].missed, 12u) << "11:45 to 22:45";
  EXPECT_THAT(all[1].error, HasSubstr("nobody was there"));
  EXPECT_EQ(all[2].outcome, "interrupted");
}

TEST_F(StoreSchedulerTest, ARunThatWasToldToStopIsBegunAgain) {
  lead();
  go_to("2026-03-01T10:45:00Z");
  runner_.outcome = "cancelled";
  runner_.during = [this] { context_.cancel(); };
  turn();
  context_ = Context::with_clock(clock_).cancellable();
  runner_.outcome = "success";
  runner_.during = nullptr;
  start();
  lead();
  turn();
  ASSERT_EQ(runner_.causes.size(), 2u);
  EXPECT_EQ(runner_.causes[1].due, runner_.causes[0].due);
}

TEST_F(StoreSchedulerTest, ARunThatWaitedWhenItWasToldToStopIsNotCalledInterrupted) {
  lead();
  go_to("2026-03-01T10:45:00Z");
  runner_.not_begun = "told to stop";
  context_.cancel();
  turn();
  context_ = Context::with_clock(clock_).cancellable();
  runner_.not_begun.clear();
  start();
  lead();
  EXPECT_TRUE(records().empty());
  turn();
  ASSERT_EQ(runner_.causes.size(), 2u);
  EXPECT_EQ(runner_.causes[1].due, runner_.causes[0].due);
}

TEST_F(StoreSchedulerTest, WhatCannotStartIsTriedAgainAndThenTold) {
  lead();
  runner_.not_begun = "the lease cannot be read";
  go_to("2026-03-01T10:45:00Z");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(turn(), 10s);
    clock_.advance(10s);
  }
  EXPECT_TRUE(records().empty());
  EXPECT_EQ(runner_.causes.size(), 5u);
  go_to("2026-03-01T11:45:30Z");
  turn();
  ASSERT_EQ(records().size(), 1u);
  EXPECT_THAT(records()[0].error, HasSubstr("10:45:00"));
}

TEST_F(StoreSchedulerTest, ACheckWithoutBackupsIsMissedAtOnce) {
  lead();
  runner_.not_begun = "verify clickhouse: there is no backup";
  runner_.has_no_subject = true;
  go_to("2026-03-02T06:00:00Z");
  scheduler_->turn(Lane::kChecks, runner_);
  ASSERT_GE(records().size(), 1u);
  EXPECT_THAT(records()[0].error, HasSubstr("there is no backup"));
  EXPECT_EQ(scheduler_->status().find(TaskKind::kVerify)->health, Health::kUnknown);
}

TEST_F(StoreSchedulerTest, RecordsThatCannotBeWrittenAreWrittenLater) {
  lead();
  go_to("2026-03-01T10:45:00Z");
  runner_.during = [this] { storage_.away = true; };
  turn();
  EXPECT_EQ(scheduler_->status().find(TaskKind::kIncremental)->health, Health::kFine)
      << "what is known is shown, stored or not";
  storage_.away = false;
  EXPECT_TRUE(records().empty());
  EXPECT_LE(turn(), 60s);
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(StoreSchedulerTest, NothingBeginsThatCouldNotBeWrittenDown) {
  lead();
  go_to("2026-03-01T10:45:00Z");
  storage_.away = true;
  EXPECT_EQ(turn(), 10s);
  EXPECT_TRUE(runner_.causes.empty());
  storage_.away = false;
  clock_.advance(20min);
  turn();
  ASSERT_EQ(runner_.causes.size(), 1u);
  EXPECT_EQ(runner_.causes[0].due, parse_rfc3339("2026-03-01T10:45:00Z"));
}

TEST_F(StoreSchedulerTest, AnotherSchedulerEndsTheLeadership) {
  lead();
  StoreScheduler other(context_, plan_, *storage_.storage,
                       StoreSchedulerOptions{.catalog = catalog_});
  other.lead("it took over");
  go_to("2026-03-01T10:45:00Z");
  turn();
  EXPECT_TRUE(runner_.causes.empty());
  EXPECT_FALSE(scheduler_->leads());
  other.turn(Lane::kChanges, runner_);
  EXPECT_EQ(runner_.causes.size(), 1u);
}

TEST_F(StoreSchedulerTest, APauseOfAnotherProcessIsSeenAtTheMoment) {
  lead();
  catalog::write_pause(context_, *storage_.storage, catalog_, "clickhouse",
                       catalog::Pause{clock_.now(), "ann@desk", "upgrade"});
  go_to("2026-03-01T10:45:00Z");
  turn();
  EXPECT_TRUE(runner_.causes.empty());
  ASSERT_EQ(records().size(), 1u);
  EXPECT_THAT(records()[0].error, HasSubstr("by ann@desk: upgrade"));
  scheduler_->resume("ann");
  go_to("2026-03-01T11:45:00Z");
  turn();
  EXPECT_EQ(runner_.causes.size(), 1u);
}

TEST_F(StoreSchedulerTest, AClockThatIsSetForwardIsTheReason) {
  lead();
  turn();
  clock_.jump_wall(5h);
  turn();
  const auto all = records();
  ASSERT_EQ(all.size(), 2u) << "and the run that is made up for";
  EXPECT_EQ(all[1].missed, 4u);
  EXPECT_THAT(all[1].error, HasSubstr("the clock was set forward by 5 hours"));
  EXPECT_EQ(runner_.causes.size(), 1u);
}

TEST_F(StoreSchedulerTest, ADamagedStateDoesNotStopIt) {
  lead();
  storage::put_bytes(*storage_.storage, context_,
                     {"catalog", ".holdfast/runs/clickhouse.schedule.json"}, "{\"format\":");
  storage::put_bytes(*storage_.storage, context_,
                     {"catalog", ".holdfast/runs/clickhouse.summary.json"}, "x");
  start();
  lead();
  go_to("2026-03-01T10:45:00Z");
  turn();
  EXPECT_EQ(runner_.causes.size(), 1u);
}

TEST_F(StoreSchedulerTest, ARunThatWaitedDoesNotBeginWhenAnotherSchedulerLeads) {
  lead();
  StoreScheduler other(context_, plan_, *storage_.storage,
                       StoreSchedulerOptions{.catalog = catalog_});
  go_to("2026-03-01T10:45:00Z");
  // While it waited for the store's lease another one took over.
  runner_.before = [&] {
    runner_.before = nullptr;
    other.lead("it took over");
  };
  turn();
  EXPECT_EQ(runner_.begun, 0);
  EXPECT_FALSE(scheduler_->leads());
  other.turn(Lane::kChanges, runner_);
  EXPECT_EQ(runner_.begun, 1);
  scheduler_->refresh();
  scheduler_->lead("the other one is gone");
  turn();
  EXPECT_EQ(runner_.begun, 1) << "once for one due moment";
}

TEST_F(StoreSchedulerTest, AClockThatWasYearsAheadDoesNotStopItForYears) {
  lead();
  turn();
  clock_.jump_wall(24h * 365 * 3);
  turn();
  turn();
  const std::size_t before = runner_.causes.size();
  clock_.jump_wall(-24h * 365 * 3);
  turn();
  go_to("2026-03-01T10:45:00Z");
  turn();
  ASSERT_EQ(runner_.causes.size(), before + 1);
  EXPECT_EQ(runner_.causes.back().due, parse_rfc3339("2026-03-01T10:45:00Z"));
}

TEST_F(StoreSchedulerTest, WhatWaitsOutlivesAChangeOfItsSchedule) {
  lead();
  go_to("2026-03-01T10:45:00Z");
  runner_.during = [this] { storage_.dead = true; };
  turn();
  storage_.dead = false;
  runner_.during = nullptr;
  plan_.tasks[1].schedule = schedule::parse(schedule::Dialect::kCronexpr, "50 3-23 * * *");
  start();
  lead();
  ASSERT_EQ(records().size(), 1u);
  EXPECT_EQ(records()[0].outcome, "interrupted");
}

TEST_F(StoreSchedulerTest, ResumesWhatAnotherProcessHasPaused) {
  lead();
  catalog::write_pause(context_, *storage_.storage, catalog_, "clickhouse",
                       catalog::Pause{clock_.now(), "ann@desk", "upgrade"});
  scheduler_->resume("bob");
  EXPECT_FALSE(catalog::read_pause(context_, *storage_.storage, catalog_, "clickhouse"));
}

TEST_F(StoreSchedulerTest, ADamagedPauseDoesNotStopIt) {
  for (
      const char* text :
      {"{", R"({"format":"holdfast-pause","min_reader":1,"paused":1})",
       R"({"format":"holdfast-pause","min_reader":1,"paused":true,"since":"9999-01-01T00:00:00Z"})"}) {
    storage::put_bytes(*storage_.storage, context_,
                       {"catalog", ".holdfast/runs/clickhouse.paused.json"}, text);
    EXPECT_NO_THROW(lead()) << text;
    EXPECT_NO_THROW(scheduler_->resume("ann")) << text;
  }
}

}  // namespace
}  // namespace holdfast::job
