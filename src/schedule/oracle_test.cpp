#include "support/oracle.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "schedule/cron.h"

namespace holdfast::schedule {
namespace {

constexpr int kTimes = 20;

std::string next_times(const Schedule& schedule, WallTime after, const Zone& zone) {
  std::string text;
  for (int i = 0; i < kTimes; ++i) {
    auto next = schedule.next(after, zone);
    if (!next) break;
    EXPECT_GT(*next, after) << schedule.text();
    after = *next;
    text +=
        (i == 0 ? "" : ",") + format_rfc3339(std::chrono::floor<std::chrono::seconds>(after), zone);
  }
  return text.empty() ? "never" : text;
}

void check_table(const std::string& name, Dialect dialect) {
  for (const auto& row : support::oracle_rows(name, 5)) {
    const std::string &kind = row[0], &text = row[3];
    SCOPED_TRACE(row[1] + " " + row[2] + " '" + text + "'");
    if (kind == "invalid") {
      EXPECT_THROW(parse(dialect, text, ZonePrefix::kRead), InvalidArgument);
      continue;
    }
    try {
      EXPECT_EQ(next_times(parse(dialect, text, ZonePrefix::kRead), parse_rfc3339(row[2]),
                           Zone::named(row[1])),
                row[4]);
    } catch (const InvalidArgument& error) {
      ADD_FAILURE() << error.to_string();
    }
  }
}

TEST(ScheduleOracle, kubernetes) { check_table("kubernetes-cron.tsv", Dialect::kKubernetes); }
TEST(ScheduleOracle, cronexpr) { check_table("cronexpr.tsv", Dialect::kCronexpr); }
TEST(ScheduleOracle, elasticsearch) { check_table("es-cron.tsv", Dialect::kElasticsearch); }

}  // namespace
}  // namespace holdfast::schedule
