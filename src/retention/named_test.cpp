#include "retention/named.h"

#include <gtest/gtest.h>

namespace holdfast::retention {
namespace {

std::vector<std::string> removed(const std::string& cutoff, const std::vector<NamedBackup>& all) {
  std::vector<std::string> out;
  const std::vector<Verdict> verdicts = apply_cutoff(cutoff, all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_FALSE(verdicts[i].reason.empty());
    if (verdicts[i].remove) out.push_back(all[i].name);
  }
  return out;
}

using Names = std::vector<std::string>;

TEST(Named, GoesByTheText) {
  EXPECT_EQ(removed("20210218-0300", {{"a", "20210217-0300"},
                                      {"b", "20210218-0300"},
                                      {"c", "20210218-0259"},
                                      {"d", "20210219"}}),
            (Names{"a", "c"}));
}

TEST(Named, KeepsTheNewestGoodOne) {
  EXPECT_EQ(removed("2022", {{"a", "2020"}, {"b", "2021"}}), Names{"a"});
  EXPECT_EQ(removed("2022", {{"a", "2020"}, {"b", "2021", false}}), Names{"b"});
  EXPECT_EQ(removed("2022", {{"a", "2020"}, {"b", "2021"}, {"c", std::nullopt}}), Names{"a"});
}

TEST(Named, RemovesWhatWasNeverFinishedAndElseGoesByTheDate) {
  EXPECT_EQ(removed("2022", {{"a", "2020", false, true},
                             {"b", "2023", false, true},
                             {"c", "2020", false, false},
                             {"e", "2023", false, false},
                             {"d", std::nullopt, false, true}}),
            (Names{"a", "b", "c", "d"}));
}

}  // namespace
}  // namespace holdfast::retention
