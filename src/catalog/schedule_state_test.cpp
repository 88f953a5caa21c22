#include "catalog/schedule_state.h"

#include <gtest/gtest.h>

#include "catalog/run_summary.h"
#include "storage/memory/memory_storage.h"

namespace holdfast::catalog {
namespace {

using namespace std::chrono_literals;

class CatalogStateTest : public ::testing::Test {
 protected:
  CatalogStateTest() { storage_->buckets()->create(context_, "catalog"); }
  void put(const std::string& name, const std::string& text) {
    put_bytes(*storage_, context_, {"catalog", ".holdfast/runs/" + name}, text);
  }
  RunRecord record(const std::string& outcome, WallTime started) {
    RunRecord one;
    one.id = new_run_id();
    one.store = "clickhouse";
    one.kind = "backup";
    one.task = "full";
    one.outcome = outcome;
    one.started = one.ended = started;
    return one;
  }

  Context context_ = Context::background();
  std::unique_ptr<storage::Storage> storage_ = storage::make_memory_storage();
  CatalogOptions catalog_{"catalog", ".holdfast/"};
  const WallTime now_ = parse_rfc3339("2026-03-01T10:00:00Z");
};

TEST_F(CatalogStateTest, AStateComesBackAsItWasWritten) {
  StoredState stored;
  TaskState& task = stored.state.tasks["full"];
  task.schedule = "45 0 * * *";
  task.zone = "Europe/Amsterdam";
  task.since = task.handled = now_;
  task.waiting = now_ - 1h;
  task.is_catch_up = true;
  task.begun = now_ - 2h;
  stored.state.told["full"] = "failed";
  write_schedule_state(context_, *storage_, catalog_, "clickhouse", stored);
  const StoredState read = read_schedule_state(context_, *storage_, catalog_, "clickhouse");
  EXPECT_EQ(to_json(read.state), to_json(stored.state));
  EXPECT_EQ(read.revision, stored.revision);
}

TEST_F(CatalogStateTest, AStateThatAnotherHasWrittenIsNotOverwritten) {
  StoredState mine, others;
  write_schedule_state(context_, *storage_, catalog_, "clickhouse", others);
  EXPECT_THROW(write_schedule_state(context_, *storage_, catalog_, "clickhouse", mine),
               PreconditionFailed);
}

TEST_F(CatalogStateTest, WhatIsDamagedCountsAsNone) {
  const std::string huge(2 << 20, ' ');
  for (const std::string& text :
       {std::string("x"), std::string("{\"format\":\"holdfast-schedule\",\"min_reader\":1}"),
        std::string(R"({"format":"holdfast-schedule","min_reader":1,"told":{},"tasks":{"full":
          {"schedule":"a","zone":"b","since":"1700-01-01T00:00:00Z","handled":"1700-01-01T00:00:00Z"}}})"),
        huge}) {
    put("clickhouse.schedule.json", text);
    const StoredState read = read_schedule_state(context_, *storage_, catalog_, "clickhouse");
    EXPECT_TRUE(read.state.tasks.empty());
    EXPECT_FALSE(read.revision.empty()) << "it is replaced, not made anew";
  }
  for (const std::string& text : {std::string("[]"), huge}) {
    put("clickhouse.paused.json", text);
    EXPECT_FALSE(read_pause(context_, *storage_, catalog_, "clickhouse"));
  }
}

TEST_F(CatalogStateTest, APauseIsKeptUntilItIsTakenBack) {
  EXPECT_FALSE(read_pause(context_, *storage_, catalog_, "clickhouse"));
  write_pause(context_, *storage_, catalog_, "clickhouse", Pause{now_, "ann@desk", "upgrade"});
  const auto pause = read_pause(context_, *storage_, catalog_, "clickhouse");
  ASSERT_TRUE(pause);
  EXPECT_EQ(pause->by, "ann@desk");
  EXPECT_EQ(pause->since, now_);
  write_pause(context_, *storage_, catalog_, "clickhouse", std::nullopt);
  EXPECT_FALSE(read_pause(context_, *storage_, catalog_, "clickhouse"));
}

TEST_F(CatalogStateTest, ALostSummaryIsMadeOfTheRecords) {
  for (const auto& [outcome, at] : {std::pair{"success", now_ - 3h}, std::pair{"failed", now_ - 2h},
                                    std::pair{"missed", now_ - 1h}}) {
    write_record(context_, *storage_, catalog_, record(outcome, at));
  }
  put("clickhouse.summary.json", "damaged");
  const RunSummary summary = read_summary(context_, *storage_, catalog_, "clickhouse");
  const TaskRuns& runs = summary.tasks.at("full");
  EXPECT_EQ(runs.last->outcome, "failed");
  EXPECT_EQ(runs.last_success->started, now_ - 3h);
  EXPECT_EQ(runs.last_missed->started, now_ - 1h);
}

TEST_F(CatalogStateTest, ARunThatEndsNowIsTheNewestWhateverAClockSaidBefore) {
  add_to_summary(context_, *storage_, catalog_, record("success", now_ + 24h * 365));
  add_to_summary(context_, *storage_, catalog_, record("success", now_));
  const RunSummary summary = read_summary(context_, *storage_, catalog_, "clickhouse");
  EXPECT_EQ(summary.tasks.at("full").last_success->started, now_);
}

}  // namespace
}  // namespace holdfast::catalog
