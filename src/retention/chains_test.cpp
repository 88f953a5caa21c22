#include "retention/chains.h"

#include <gtest/gtest.h>

namespace holdfast::retention {
namespace {

std::string kept(std::uint64_t keep, const std::vector<ChainedBackup>& backups) {
  std::string out;
  std::vector<Verdict> verdicts = apply_chains(keep, backups);
  for (std::size_t i = 0; i < backups.size(); ++i) {
    EXPECT_FALSE(verdicts[i].reason.empty());
    if (!verdicts[i].remove) out += (out.empty() ? "" : " ") + backups[i].name;
  }
  return out;
}

const std::vector<ChainedBackup> kTwoChains = {
    {"f1", ""}, {"i1", "f1"}, {"i2", "i1"}, {"f2", ""}, {"i3", "f2"}};

TEST(Chains, CountsFullAndIncrementalAlike) {
  EXPECT_EQ(kept(1, {{"f1", ""}, {"f2", ""}, {"f3", ""}}), "f3");
  EXPECT_EQ(kept(2, kTwoChains), "f2 i3");
  EXPECT_EQ(kept(5, kTwoChains), "f1 i1 i2 f2 i3");
}

TEST(Chains, KeepsWhatAKeptOneNeeds) {
  EXPECT_EQ(kept(1, kTwoChains), "f2 i3");
  EXPECT_EQ(kept(3, kTwoChains), "f1 i1 i2 f2 i3");
  EXPECT_EQ(apply_chains(1, kTwoChains)[3].reason, "i3 needs it");
}

TEST(Chains, KeepsAllWithoutALimit) { EXPECT_EQ(kept(0, kTwoChains), "f1 i1 i2 f2 i3"); }

TEST(Chains, NeverCountsABrokenOneAndRemovesItOnlyWhenAbandoned) {
  EXPECT_EQ(kept(1, {{"f1", ""}, {"f2", "", false, false}}), "f1 f2");
  EXPECT_EQ(kept(1, {{"f1", ""}, {"f2", "", false, true}}), "f1");
}

TEST(Chains, EndsOnParentsThatAreMissingYoungerOrCircular) {
  EXPECT_EQ(kept(1, {{"i1", "gone"}}), "i1");
  EXPECT_EQ(kept(1, {{"i1", "f2"}, {"f2", ""}}), "f2");
  EXPECT_EQ(kept(1, {{"a", "b"}, {"b", "a"}}), "a b");
  EXPECT_EQ(kept(1, {{"a", "a"}}), "a");
}

}  // namespace
}  // namespace holdfast::retention
