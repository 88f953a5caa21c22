#include "job/notify/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace holdfast::job {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

Event failure() {
  Event event;
  event.store = "clickhouse";
  event.task = "full";
  event.when = parse_rfc3339("2024-06-17T00:46:00Z");
  event.run = "0123456789ab";
  event.outcome = "unavailable";
  event.error = "backup clickhouse: \"no\" such\nhost; check the URL";
  event.lateness = std::chrono::minutes(90);
  event.last_success = parse_rfc3339("2024-06-16T00:45:00Z");
  return event;
}

Event late() {
  Event event = failure();
  event.occasion = Occasion::kLate;
  event.run = event.outcome = event.error = "";
  return event;
}

TEST(Message, SaysInOneLineWhatIsWrongAndWhatToDo) {
  EXPECT_EQ(line_of(failure()),
            "clickhouse: full failed: backup clickhouse: \"no\" such\nhost; check the URL");
  EXPECT_EQ(line_of(late()),
            "clickhouse: full is late by 1 h 30 min; see holdfast status, and the log of holdfast "
            "run");
  Event paused = late();
  paused.paused_by = "ann@host";
  paused.lateness = std::chrono::minutes(59);
  EXPECT_EQ(line_of(paused),
            "clickhouse: full is late by 59 min; it was paused by ann@host: resume it");
  Event well = failure();
  well.occasion = Occasion::kRecovery;
  EXPECT_EQ(line_of(well), "clickhouse: full is well again");
  EXPECT_EQ(subject_of(well), "holdfast: clickhouse: full is well again");
}

TEST(Message, SaysOfATestThatItIsOne) {
  Event event;
  event.occasion = Occasion::kTest;
  EXPECT_EQ(subject_of(event), "holdfast: a test");
  EXPECT_EQ(text_of(event), "this is a test: what goes wrong with backups will be told here\n");
  EXPECT_EQ(json::parse(render(kUsualTemplate, event))["occasion"], "test");
}

TEST(Message, CutsALongError) {
  Event event = failure();
  event.error = std::string(100'000, 'x');
  EXPECT_LT(line_of(event).size(), 2100u);
  EXPECT_LT(render(kUsualTemplate, event).size(), 5000u);
}

TEST(Message, HasTheFactsInAMail) {
  const std::string text = text_of(failure());
  for (const char* line : {"run           0123456789ab\n", "last success  2024-06-16T00:45:00Z\n",
                           "late by       1 h 30 min\n", "noticed       2024-06-17T00:46:00Z\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  Event first = late();
  first.last_success.reset();
  EXPECT_THAT(text_of(first), HasSubstr("last success  never\n"));
  EXPECT_THAT(text_of(first), Not(HasSubstr("\nrun ")));
}

TEST(Template, UsualOneIsJsonWhateverTheErrorHolds) {
  Event event = failure();
  event.error += "\\\"\t\x01 {store} \xff";
  const json out = json::parse(render(kUsualTemplate, event));
  EXPECT_EQ(out["occasion"], "failure");
  EXPECT_EQ(out["store"], "clickhouse");
  EXPECT_EQ(out["lateness_seconds"], 5400);
  EXPECT_EQ(out["last_success"], "2024-06-16T00:45:00Z");
  EXPECT_EQ(out["error"],
            "backup clickhouse: \"no\" such\nhost; check the URL\\\"\t\x01 {store} \xEF\xBF\xBD");
  EXPECT_EQ(out["text"], "clickhouse: full failed: " + out["error"].get<std::string>());
}

TEST(Template, LeavesOtherBracesAlone) {
  EXPECT_EQ(render(R"({"a": {"b": "{store}{task}"}, "c": "{Store} {} {", "d": {}})", failure()),
            R"({"a": {"b": "clickhousefull"}, "c": "{Store} {} {", "d": {}})");
}

TEST(Template, IsRefusedWhenItCannotBeMeant) {
  EXPECT_NO_THROW(check_template(kUsualTemplate));
  EXPECT_NO_THROW(check_template(R"({"late": {lateness_seconds}, "x": {"y": "{run}"}})"));
  for (const char* pattern :
       {"", "{store}", R"({"text": "{mesage}"})", R"({"text": {message}})",
        R"({"text": "{message}")", R"({"n": 1{run}})", R"({"text": "\{store}n"})"}) {
    EXPECT_THROW(check_template(pattern), InvalidArgument) << pattern;
  }
  EXPECT_THROW(check_template('"' + std::string(20'000, 'x') + '"'), InvalidArgument);
  try {
    check_template(R"({"text": "{mesage}"})");
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.to_string(), HasSubstr("{mesage} is not known; these are: {store} {task}"));
  }
}

}  // namespace
}  // namespace holdfast::job
