#include "job/status_json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace holdfast::job {
namespace {

using nlohmann::json;

const WallTime kNow = parse_rfc3339("2024-06-17T06:30:00Z");

StoreStatus stackgraph() {
  catalog::RunRecord record;
  record.id = "0123456789ab";
  record.store = "stackgraph";
  record.kind = record.task = "backup";
  record.name = "sts-backup-20240617-0300.graph";
  record.started = parse_rfc3339("2024-06-17T03:00:00Z");
  record.ended = record.started + std::chrono::milliseconds(1500);
  record.outcome = "success";
  catalog::RunSummary runs;
  runs.note(record);
  const StorePlan plan{"stackgraph",
                       {{TaskKind::kBackup,
                         schedule::parse(schedule::Dialect::kKubernetes, "0 3 * * *"), Zone::utc()},
                        {TaskKind::kPrune, std::nullopt, Zone::utc()}}};
  return status_of(plan, runs, {}, std::nullopt, kNow, std::chrono::hours(1));
}

TEST(StatusJson, HasWhatIsKnown) {
  StoreStatus store = stackgraph();
  store.paused = catalog::Pause{kNow, "ann@host", "moving"};
  store.running.push_back(Running{.kind = TaskKind::kBackup, .since = kNow, .bytes = 7});
  const json out = json::parse(status_json({store}, kNow));
  EXPECT_EQ(out["time"], "2024-06-17T06:30:00.000Z");
  EXPECT_EQ(out["version"], HOLDFAST_VERSION);
  const json& one = out["stores"].at(0);
  EXPECT_EQ(one["store"], "stackgraph");
  EXPECT_EQ(one["health"], "fine");
  EXPECT_EQ(one["newest_backup"], "sts-backup-20240617-0300.graph");
  EXPECT_EQ(one["newest_backup_age_seconds"], 12600);
  EXPECT_EQ(
      one["paused"],
      (json{{"since", "2024-06-17T06:30:00.000Z"}, {"by", "ann@host"}, {"reason", "moving"}}));
  EXPECT_EQ(one["running"][0]["task"], "backup");
  EXPECT_EQ(one["running"][0]["bytes"], 7);
  EXPECT_EQ(one["running"][0]["total_bytes"], nullptr);
  const json& task = one["tasks"].at(0);
  EXPECT_EQ(task["task"], "backup");
  EXPECT_EQ(task["schedule"], "0 3 * * *");
  EXPECT_EQ(task["next"], "2024-06-18T03:00:00.000Z");
  EXPECT_EQ(task["lateness_seconds"], 0);
  EXPECT_EQ(task["last"]["duration_seconds"], 1.5);
  EXPECT_EQ(task["last_success"]["id"], "0123456789ab");
  EXPECT_FALSE(task["last"].contains("min_reader"));
}

TEST(StatusJson, HasNullForWhatIsNot) {
  StoreStatus store = stackgraph();
  store.tasks.erase(store.tasks.begin());
  const json out = json::parse(status_json({store}, kNow));
  const json& one = out["stores"].at(0);
  for (const char* member : {"paused", "newest_backup", "newest_backup_age_seconds"}) {
    EXPECT_EQ(one.at(member), nullptr) << member;
  }
  EXPECT_TRUE(one.at("running").empty());
  const json& prune = one["tasks"].at(0);
  for (const char* member : {"schedule", "next", "last", "last_success", "last_missed"}) {
    EXPECT_EQ(prune.at(member), nullptr) << member;
  }
}

TEST(StatusJson, NamesARunByItsPurposeAndSurvivesBytesThatAreNoText) {
  StoreStatus store = stackgraph();
  store.running.push_back(Running{.kind = TaskKind::kBackup, .purpose = "restore", .since = kNow});
  store.tasks[0].last->error = "broken \xff bytes";
  const json out = json::parse(status_json({store}, kNow));
  EXPECT_EQ(out["stores"][0]["running"][0]["task"], "restore");
  EXPECT_EQ(out["stores"][0]["tasks"][0]["last"]["error"], "broken \xEF\xBF\xBD bytes");
}

}  // namespace
}  // namespace holdfast::job
