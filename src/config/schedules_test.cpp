#include "config/schedules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace holdfast::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Loaded look(const std::string& yaml) { return examine(yaml, "values.yaml", Environment()); }
std::vector<Problem> with(const std::string& path, const std::string& value) {
  std::string yaml, rest = path;
  for (std::size_t dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.')) {
    yaml += "{" + rest.substr(0, dot) + ": ";
    rest = rest.substr(dot + 1);
  }
  yaml += "{" + rest + ": '" + value + "'}";
  for (const char c : path) yaml += c == '.' ? "}" : "";
  return look(yaml).problems;
}

constexpr const char* kStackGraph = "backup.stackGraph.scheduled.schedule";
constexpr const char* kMetrics = "victoria-metrics-0.backup.scheduled.schedule";
constexpr const char* kElasticsearch = "backup.elasticsearch.scheduled.schedule";
constexpr const char* kDelta = "backup.stackGraph.scheduled.backupRetentionTimeDelta";
constexpr const char* kExpire = "backup.elasticsearch.scheduled.snapshotRetentionExpireAfter";

TEST(Schedules, EachKeyHasItsOwnDialect) {
  EXPECT_THAT(with(kStackGraph, "@daily"), IsEmpty());
  EXPECT_THAT(with(kStackGraph, "@every 90m"), IsEmpty());
  EXPECT_THAT(with("backup.configuration.scheduled.schedule", "*/5 * * * mon-fri"), IsEmpty());
  EXPECT_THAT(with(kMetrics, "0 0 L * *"), IsEmpty());
  EXPECT_THAT(with(kMetrics, "0 12 * * 7"), IsEmpty());
  EXPECT_THAT(with("clickhouse.backup.scheduled.full_schedule", "0 0 0 1 * * 2030"), IsEmpty());
  EXPECT_THAT(with(kElasticsearch, "0 0 22-2 ? * 6#3"), IsEmpty());
  EXPECT_THAT(with("holdfast.elasticsearch.retentionSchedule", "0 30 2 * * ?"), IsEmpty());
  // Each right in another dialect.
  EXPECT_THAT(with(kStackGraph, "0 12 * * 7"), SizeIs(1));
  EXPECT_THAT(with(kStackGraph, "0 0 3 * * ?"), SizeIs(1));
  EXPECT_THAT(with(kStackGraph, "0 0 L * *"), SizeIs(1));
  EXPECT_THAT(with(kMetrics, "@every 1h"), SizeIs(1));
  EXPECT_THAT(with(kElasticsearch, "0 3 * * *"), SizeIs(1));
  EXPECT_THAT(with(kElasticsearch, "@daily"), SizeIs(1));
  EXPECT_THAT(with("clickhouse.backup.scheduled.incremental_schedule", "45 23-3 * * *"), SizeIs(1));
}

TEST(Schedules, ATextThatIsNoneIsAnErrorThatTellsTheDialect) {
  const std::vector<Problem> problems = with(kStackGraph, "disabled");
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].path, kStackGraph);
  EXPECT_EQ(problems[0].line, 1);
  EXPECT_THAT(problems[0].allowed, HasSubstr("Kubernetes schedule"));
  EXPECT_NE(problems[0].why, "");
  EXPECT_THAT(with(kElasticsearch, "0 3 * * *")[0].allowed, HasSubstr("Elasticsearch schedule"));
  EXPECT_THAT(with("holdfast.verify.schedule", "sometimes")[0].allowed, HasSubstr("switch it off"));
}

TEST(Schedules, OnlySomeMayBeEmpty) {
  for (const char* path : {"holdfast.verify.schedule", "holdfast.drill.schedule",
                           "victoria-metrics-1.backup.scheduled.daily"}) {
    EXPECT_THAT(with(path, ""), IsEmpty()) << path;
  }
  for (const char* path :
       {kStackGraph, kMetrics, kElasticsearch, "clickhouse.backup.scheduled.full_schedule"}) {
    EXPECT_THAT(with(path, ""), SizeIs(1)) << path;
  }
}

TEST(Schedules, OneThatNeverComesIsAWarning) {
  const auto never = [](const std::string& yaml) {
    std::vector<std::string> paths;
    for (const Problem& warning : look(yaml).warnings) {
      if (warning.why == "never comes") paths.push_back(warning.path);
    }
    return paths;
  };
  EXPECT_THAT(never("backup: {stackGraph: {scheduled: {schedule: '0 0 30 2 *'}}}"),
              ElementsAre(kStackGraph));
  EXPECT_THAT(never("backup: {elasticsearch: {scheduled: {schedule: '0 0 0 1 1 ? 2020'}}}"),
              ElementsAre(kElasticsearch));
  EXPECT_THAT(never("backup: {stackGraph: {scheduled: {schedule: '0 0 29 2 *'}}}"), IsEmpty());
  EXPECT_THAT(never(""), IsEmpty());
}

TEST(Retention, BothGrammarsOfADeltaAreTaken) {
  for (const char* text : {"30 days ago", "1 month ago 1 day ago", "last friday", "yesterday",
                           "days = 30", "days=7, hours = 12", "weeks = 4", "2024-01-01"}) {
    EXPECT_THAT(with(kDelta, text), IsEmpty()) << text;
  }
  EXPECT_THAT(with("backup.configuration.scheduled.backupRetentionTimeDelta", "days = 365"),
              IsEmpty());
}

TEST(Retention, DeltasThatAreNoneOrLieInTheFutureAreRefused) {
  for (const char* text :
       {"30 dayz ago", "one week ago", "30d", "import os", "days = __import__(1)"}) {
    const std::vector<Problem> problems = with(kDelta, text);
    ASSERT_THAT(problems, SizeIs(1)) << text;
    EXPECT_THAT(problems[0].why, Not(HasSubstr("future"))) << text;
  }
  for (const char* text : {"30 days", "tomorrow", "1 year 2 days ago", "days = -30"}) {
    const std::vector<Problem> problems = with(kDelta, text);
    ASSERT_THAT(problems, SizeIs(1)) << text;
    EXPECT_THAT(problems[0].why, HasSubstr("future")) << text;
  }
}

TEST(Retention, TimeValuesAreThoseOfElasticsearch) {
  for (const char* text : {"30d", "12h", "90 m", "1000MS", "1nanos"}) {
    EXPECT_THAT(with(kExpire, text), IsEmpty()) << text;
  }
  for (const char* text : {"30", "1.5d", "1w", "1M", "0", "-1", "0d", "soon"}) {
    EXPECT_THAT(with(kExpire, text), SizeIs(1)) << text;
  }
}

TEST(Zones, MustExist) {
  for (const char* name : {"local", "UTC", "Europe/Amsterdam"}) {
    EXPECT_THAT(with("holdfast.run.timeZone", name), IsEmpty()) << name;
  }
  for (const char* name : {"Europe/Atlantis", "amsterdam", "", "../../etc/passwd"}) {
    EXPECT_THAT(with("holdfast.run.timeZone", name), SizeIs(1)) << name;
  }
}

}  // namespace
}  // namespace holdfast::config
