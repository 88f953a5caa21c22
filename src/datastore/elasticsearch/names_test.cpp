#include "datastore/elasticsearch/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace holdfast::datastore::es {
namespace {

TEST(SnapshotId, HasTwentyTwoCharactersOfItsAlphabetAndNeverTheSameTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string id = make_snapshot_id();
    EXPECT_EQ(id.size(), 22u);
    EXPECT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_"), std::string::npos)
        << id;
    EXPECT_TRUE(seen.insert(id).second) << id;
  }
}

TEST(SnapshotId, GoesIntoTheDateMathOfTheTemplate) {
  EXPECT_EQ(with_id("<sts-backup-{now{yyyyMMdd-HHmm}}>", "ab-c"),
            "<sts-backup-{now{yyyyMMdd-HHmm}}-ab-c>");
  EXPECT_EQ(with_id("nightly", "ab-c"), "nightly-ab-c");
  EXPECT_EQ(with_id("<>", "ab-c"), "<>-ab-c");
}

TEST(Patterns, StarsStandForAnyText) {
  EXPECT_TRUE(fits("sts*", "sts_internal_events-2021.02.19"));
  EXPECT_TRUE(fits("*", ""));
  EXPECT_TRUE(fits("a*b*c", "a-b-b-c"));
  EXPECT_TRUE(fits("**a", "bba"));
  EXPECT_FALSE(fits("a*b*c", "a-c-b"));
  EXPECT_FALSE(fits("sts", "sts_"));
  EXPECT_FALSE(fits("", "a"));
}

TEST(Patterns, AreReadFromLeftToRight) {
  EXPECT_TRUE(chosen({"sts*"}, "sts_a"));
  EXPECT_FALSE(chosen({"sts*", "-sts_a"}, "sts_a"));
  EXPECT_TRUE(chosen({"-sts_a", "sts*"}, "sts_a"));
  EXPECT_TRUE(chosen({"sts*", "-sts*", "sts_a"}, "sts_a"));
  EXPECT_TRUE(chosen({"_all"}, "anything"));
  EXPECT_FALSE(chosen({}, "anything"));
}

TEST(Patterns, LeaveOutWhatBeginsWithADotUnlessTheySayIt) {
  EXPECT_FALSE(chosen({"*"}, ".kibana_1"));
  EXPECT_FALSE(chosen({"_all"}, ".kibana_1"));
  EXPECT_TRUE(chosen({".slm-history*"}, ".slm-history-1-000001"));
  EXPECT_FALSE(chosen({".slm*", "-*history*"}, ".slm-history-1-000001"));
}

TEST(Patterns, ThatReachTheSystemsDeleteNothing) {
  for (const char* pattern : {"", "*", "**", "_all", ".kibana", ".*", "-a", "a,b"}) {
    EXPECT_NE(why_not_delete(pattern), "") << pattern;
  }
  EXPECT_EQ(why_not_delete("sts_internal_events-*"), "");
  EXPECT_EQ(why_not_delete("*-2021.02.19"), "");
}

}  // namespace
}  // namespace holdfast::datastore::es
