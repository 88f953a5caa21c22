#include "dashboard/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "dashboard/status_testing.h"

namespace holdfast::dashboard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// 30 minutes after the night's backups should have run.
const WallTime kNow = at("2024-06-17T06:30:00Z");

std::string text() { return metrics_text(three_stores(kNow), {}, kNow); }

TEST(Metrics, TellOfTheLastRun) {
  const std::string stackgraph = R"({store="stackgraph",task="backup"} )";
  const std::string out = text();
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"holdfast_task_last_start_timestamp_seconds", "1718593200"},
           {"holdfast_task_last_end_timestamp_seconds", "1718593290"},
           {"holdfast_task_last_success_timestamp_seconds", "1718593200"},
           {"holdfast_task_last_run_success", "1"},
           {"holdfast_task_last_duration_seconds", "90"},
           {"holdfast_task_last_sent_bytes", "1000"},
           {"holdfast_task_last_sent_objects", "3"},
           {"holdfast_task_last_reused_bytes", "9000"},
           {"holdfast_task_last_reused_objects", "12"},
           {"holdfast_task_last_warnings", "0"},
           {"holdfast_task_next_run_timestamp_seconds", "1718679600"},
           {"holdfast_task_lateness_seconds", "0"}}) {
    std::string line = "\n";
    line.append(name).append(stackgraph).append(value).append("\n");
    EXPECT_THAT(out, HasSubstr(line));
  }
}

TEST(Metrics, TellOfAFailureAndWhatWasGoodBefore) {
  const std::string out = text();
  EXPECT_THAT(out,
              HasSubstr(R"(holdfast_task_last_run_success{store="clickhouse",task="full"} 0)"));
  EXPECT_THAT(out, HasSubstr("holdfast_task_last_outcome{store=\"clickhouse\",task=\"full\","
                             "outcome=\"unavailable\"} 1\n"));
  EXPECT_THAT(out, HasSubstr("holdfast_task_last_success_timestamp_seconds{store=\"clickhouse\","
                             "task=\"full\"} 1718498700\n"));
  // Due at 00:45, and not a success by 06:30.
  EXPECT_THAT(out, HasSubstr("holdfast_task_lateness_seconds{store=\"clickhouse\",task=\"full\"} "
                             "20700\n"));
  EXPECT_THAT(out, HasSubstr(R"(holdfast_store_health{store="clickhouse",health="failed"} 1)"));
  EXPECT_THAT(out, HasSubstr(R"(holdfast_store_health{store="clickhouse",health="fine"} 0)"));
}

TEST(Metrics, TellOfStores) {
  const std::string out = text();
  for (const char* line :
       {R"(holdfast_store_newest_backup_timestamp_seconds{store="stackgraph"} 1718593200)",
        R"(holdfast_store_newest_backup_age_seconds{store="stackgraph"} 12600)",
        R"(holdfast_store_verification_age_seconds{store="stackgraph"} 1800)",
        R"(holdfast_store_retention_removals_total{store="stackgraph"} 2)",
        R"(holdfast_store_paused{store="stackgraph"} 0)",
        R"(holdfast_store_paused{store="clickhouse"} 1)",
        R"(holdfast_store_paused_since_timestamp_seconds{store="clickhouse"} 1718586000)",
        R"(holdfast_store_standby{store="elasticsearch"} 1)",
        R"(holdfast_store_running{store="clickhouse"} 1)",
        R"(holdfast_store_running{store="stackgraph"} 0)",
        R"(holdfast_running_since_timestamp_seconds{store="clickhouse",task="full"} 1718605795)",
        R"(holdfast_running_waits{store="clickhouse",task="full"} 0)",
        R"(holdfast_running_done_bytes{store="clickhouse",task="full"} 512)",
        R"(holdfast_running_expected_bytes{store="clickhouse",task="full"} 2048)"}) {
    EXPECT_THAT(out, HasSubstr("\n" + std::string(line) + "\n"));
  }
}

TEST(Metrics, HaveNoLineForWhatIsNotKnown) {
  const std::string out = text();
  EXPECT_THAT(out, Not(HasSubstr(R"(last_start_timestamp_seconds{store="elasticsearch")")));
  EXPECT_THAT(out, Not(HasSubstr(R"(drill_age_seconds{store="stackgraph")")));
  EXPECT_THAT(out, Not(HasSubstr(R"(next_run_timestamp_seconds{store="stackgraph",task="prune")")));
  EXPECT_THAT(out, Not(HasSubstr("holdfast_running_expected_objects{")));
}

TEST(Metrics, TellAMissedRun) {
  auto stores = three_stores(kNow);
  catalog::RunRecord missed = run("elasticsearch", "backup", "2024-06-17T05:00:00Z", "missed");
  missed.due = at("2024-06-17T03:00:00Z");
  stores[2].tasks[0].last_missed = missed;
  EXPECT_THAT(metrics_text(stores, {}, kNow),
              HasSubstr("holdfast_task_last_missed_timestamp_seconds{store=\"elasticsearch\","
                        "task=\"backup\"} 1718593200\n"));
}

TEST(Metrics, TellARestoreByItsPurpose) {
  auto stores = three_stores(kNow);
  stores[1].running.at(0).purpose = "restore";
  EXPECT_THAT(metrics_text(stores, {}, kNow),
              HasSubstr(R"(holdfast_running_done_bytes{store="clickhouse",task="restore"} 512)"));
}

TEST(Metrics, HaveNoLineTwice) {
  auto stores = three_stores(kNow);
  stores[1].running.push_back(stores[1].running.front());
  stores[1].running.push_back(stores[1].running.front());
  stores[1].running.back().kind = job::TaskKind::kVerify;
  std::istringstream lines(metrics_text(stores, {}, kNow));
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
  EXPECT_TRUE(seen.contains(R"(holdfast_running_done_bytes{store="clickhouse",task="full"})"));
  EXPECT_TRUE(seen.contains(R"(holdfast_running_done_bytes{store="clickhouse",task="verify"})"));
}

TEST(Metrics, EscapeWhatRecordsHold) {
  auto stores = three_stores(kNow);
  stores[1].tasks[0].last->outcome = "a\\b\"c\nd";
  EXPECT_THAT(metrics_text(stores, {}, kNow), HasSubstr(R"(outcome="a\\b\"c\nd"} 1)"));
}

TEST(Metrics, CountNotifications) {
  const std::string out = metrics_text({}, {.notifications = {{"mail", 7, 2}}}, kNow);
  EXPECT_THAT(out, HasSubstr("holdfast_notifications_total{channel=\"mail\",result=\"told\"} 7\n"));
  EXPECT_THAT(out,
              HasSubstr("holdfast_notifications_total{channel=\"mail\",result=\"given_up\"} 2\n"));
}

TEST(Metrics, TellWhetherTheSchedulerTurns) {
  EXPECT_THAT(metrics_text({}, {.alive = true}, kNow), HasSubstr("\nholdfast_scheduler_alive 1\n"));
  EXPECT_THAT(metrics_text({}, {.alive = false}, kNow),
              HasSubstr("\nholdfast_scheduler_alive 0\n"));
}

}  // namespace
}  // namespace holdfast::dashboard
