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

TEST(IndexNames, AreThoseThatTheClusterCouldHave) {
  for (const char* name : {"sts_a", ".ds-sts_k8s_logs-2026.11.23-000001", "a+b&c", "\xc3\xa9"}) {
    EXPECT_TRUE(is_index_name(name)) << name;
  }
  EXPECT_TRUE(is_index_name(std::string(255, 'a')));
  EXPECT_FALSE(is_index_name(std::string(256, 'a')));
  for (const char* name : {"", ".", "..", "_all", "-a", "+a", "sts_*", "a,b", "a b", "a/b", "A",
                           "a#b", "a:b", "a?", "a\nb", "<a>", "a\\b", "a|b", "\"a"}) {
    EXPECT_FALSE(is_index_name(name)) << name;
  }
}

TEST(AliasNames, MayHaveCapitals) {
  for (const char* name : {"writes", "Writes", "a.b"}) EXPECT_TRUE(is_alias_name(name)) << name;
  for (const char* name : {"", "**", "_all", "A,B", "a/b"}) {
    EXPECT_FALSE(is_alias_name(name)) << name;
  }
}

TEST(SnapshotNames, AreNoPatterns) {
  EXPECT_TRUE(is_snapshot_name("sts-backup-20210223-0300--ougsubxtzarnnj7rt6oha"));
  EXPECT_TRUE(is_snapshot_name(std::string(255, 'a')));
  for (const char* name : {"", "_all", "_current", "sts-*", "a,b", "*", "a b", "A"}) {
    EXPECT_FALSE(is_snapshot_name(name)) << name;
  }
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
