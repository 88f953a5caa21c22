#include "datastore/victoria_metrics/volume_change.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

namespace holdfast::datastore::vm {
namespace {

using ::testing::HasSubstr;

const WallTime kNow = parse_rfc3339("2026-11-22T12:00:00Z");
constexpr Duration kTenYears = std::chrono::hours(10 * 365 * 24);

std::string part(const std::string& month, int first_day, int last_day, int rows,
                 const std::string& id) {
  std::string digits = month.substr(0, 4) + month.substr(5);
  return fmt::format("data/small/{}/{}_1_{}{:02}000000.000_{}{:02}000000.000_{}", month, rows,
                     digits, first_day, digits, last_day, id);
}
std::string index(const std::string& table, const std::string& id) {
  return "indexdb/" + table + "/5_1_" + id;
}

// Compares two sets of part folders, each with two files.
class Volumes {
 public:
  std::set<std::string> was, is;
  std::optional<Duration> retention = kTenYears;
  std::map<std::string, std::string> metadata;  // of part folders with names that tell nothing

  VolumeChange compare() const {
    VolumeChange change(retention, kNow);
    std::set<std::string> files;
    for (const auto* folders : {&was, &is}) {
      for (const std::string& folder : *folders) {
        files.insert(folder + "/index.bin");
        files.insert(folder + "/metadata.json");
      }
    }
    for (const std::string& file : files) {
      std::string folder = file.substr(0, file.rfind('/'));
      auto found = metadata.find(folder);
      std::optional<std::string> content;
      if (found != metadata.end()) content = found->second;
      change.see(file, was.contains(folder), is.contains(folder), content, content);
    }
    change.finish();
    return change;
  }
  std::string why() const { return compare().another_volume_because(); }
};

class VolumeChangeTest : public ::testing::Test {
 protected:
  VolumeChangeTest() {
    volumes.was = volumes.is = {part("2026_09", 1, 30, 900, "A"),
                                part("2026_10", 1, 31, 900, "B"),
                                part("2026_11", 1, 10, 500, "C"),
                                part("2026_11", 10, 20, 500, "D"),
                                index("T1", "E"),
                                index("T2", "F")};
  }
  void gone(const std::string& folder) { ASSERT_EQ(volumes.is.erase(folder), 1u); }
  Volumes volumes;
};

TEST_F(VolumeChangeTest, NothingChangedIsTheSameVolume) {
  EXPECT_EQ(volumes.why(), "");
  EXPECT_EQ(volumes.compare().rows(), 2800u);
}

TEST_F(VolumeChangeTest, NewPartsAreTheSameVolume) {
  volumes.is.insert(part("2026_11", 20, 22, 10, "G"));
  EXPECT_EQ(volumes.why(), "");
}

TEST_F(VolumeChangeTest, AMergeExplainsPartsThatVanished) {
  gone(part("2026_11", 1, 10, 500, "C"));
  gone(part("2026_11", 10, 20, 500, "D"));
  volumes.is.insert(part("2026_11", 1, 20, 1000, "G"));
  EXPECT_EQ(volumes.why(), "");
}

TEST_F(VolumeChangeTest, AMergeThatDropsDuplicatesIsStillAMerge) {
  gone(part("2026_10", 1, 31, 900, "B"));
  volumes.is.insert(part("2026_10", 1, 31, 90, "G"));
  EXPECT_EQ(volumes.why(), "");
}

TEST_F(VolumeChangeTest, AnEmptiedStorageIsAnotherVolume) {
  volumes.is = {index("T3", "X")};
  EXPECT_THAT(volumes.why(), HasSubstr("no samples"));
  EXPECT_TRUE(volumes.compare().is_empty());
}

TEST_F(VolumeChangeTest, AnEmptiedStorageThatStaysEmptyIsNotNew) {
  volumes.was = {index("T3", "X")};
  volumes.is = {index("T4", "Y")};
  EXPECT_EQ(volumes.why(), "");
}

TEST_F(VolumeChangeTest, OtherIndexTablesAreAnotherVolume) {
  volumes.is = {part("2026_11", 21, 22, 5000, "G"), index("T8", "H"), index("T9", "I")};
  EXPECT_THAT(volumes.why(), HasSubstr("index tables"));
}

TEST_F(VolumeChangeTest, ARotatedIndexIsTheSameVolume) {
  gone(index("T1", "E"));
  volumes.is.insert(index("T3", "G"));
  EXPECT_EQ(volumes.why(), "");
}

TEST_F(VolumeChangeTest, ANewerIndexTableThatVanishedIsALoss) {
  gone(index("T2", "F"));
  EXPECT_THAT(volumes.why(), HasSubstr("index T2"));
}

TEST_F(VolumeChangeTest, AMonthInTheMiddleThatVanishedIsALoss) {
  gone(part("2026_10", 1, 31, 900, "B"));
  EXPECT_THAT(volumes.why(), HasSubstr("2026_10 is gone"));
}

TEST_F(VolumeChangeTest, TheOldestMonthIsALossWhileRetentionKeepsIt) {
  gone(part("2026_09", 1, 30, 900, "A"));
  EXPECT_THAT(volumes.why(), HasSubstr("2026_09 is gone"));
  volumes.retention = std::chrono::hours(31 * 24);
  EXPECT_EQ(volumes.why(), "");
  volumes.retention.reset();  // not told: the oldest months may go
  EXPECT_EQ(volumes.why(), "");
}

TEST_F(VolumeChangeTest, PartsThatVanishWithoutANewOneAreALoss) {
  gone(part("2026_11", 10, 20, 500, "D"));
  EXPECT_THAT(volumes.why(), HasSubstr("no new part"));
}

TEST_F(VolumeChangeTest, PartsOlderThanTheRetentionMayGoOneByOne) {
  volumes.retention = std::chrono::hours(10 * 24);  // since the 12th; the cut is a day later
  gone(part("2026_11", 1, 10, 500, "C"));
  EXPECT_EQ(volumes.why(), "");
}

// rm -r data/* under a server that then goes on: the index is the old one, the samples are gone.
TEST_F(VolumeChangeTest, NewSamplesInPlaceOfOldOnesAreALoss) {
  gone(part("2026_11", 1, 10, 500, "C"));
  gone(part("2026_11", 10, 20, 500, "D"));
  volumes.is.insert(part("2026_11", 21, 22, 100'000, "G"));
  EXPECT_THAT(volumes.why(), HasSubstr("do not hold the time"));
}

TEST_F(VolumeChangeTest, AFewRowsInPlaceOfManyAreALoss) {
  gone(part("2026_11", 1, 10, 500, "C"));
  gone(part("2026_11", 10, 20, 500, "D"));
  volumes.is.insert(part("2026_11", 1, 20, 7, "G"));
  EXPECT_THAT(volumes.why(), HasSubstr("only 7"));
}

TEST_F(VolumeChangeTest, PartsWhoseNamesTellNothingAreJudgedByTheirMetadata) {
  std::string old_part = "data/small/2026_08/18EA000000000001", merged = old_part + "F";
  volumes.was.insert(old_part);
  volumes.is.insert(merged);
  EXPECT_EQ(volumes.why(), "") << "what is not told is not held against the volume";
  EXPECT_EQ(volumes.compare().rows(), std::nullopt);
  auto metadata = [](int rows, long from, long to) {
    return fmt::format(R"({{"RowsCount":{},"MinTimestamp":{},"MaxTimestamp":{}}})", rows, from, to);
  };
  volumes.metadata[old_part] = metadata(1000, 1786000000000, 1787000000000);
  volumes.metadata[merged] = metadata(1000, 1786000000000, 1787000000000);
  EXPECT_EQ(volumes.why(), "");
  EXPECT_EQ(volumes.compare().rows(), 3800u);
  volumes.metadata[merged] = metadata(1000, 1786900000000, 1787000000000);
  EXPECT_THAT(volumes.why(), HasSubstr("2026_08"));
}

TEST(VolumeFilesTest, AFileThatIsCutIntoOtherPiecesIsStillThere) {
  VolumeChange change(kTenYears, kNow);
  std::string file = part("2026_11", 1, 10, 500, "C") + "/values.bin";
  change.see(file, true, false, {}, {});
  change.see(file, true, false, {}, {});
  change.see(file, false, true, {}, {});
  change.finish();
  EXPECT_EQ(change.another_volume_because(), "");
}

TEST(VolumeFilesTest, WhatAKilledRunLeftStoredIsNoLoss) {
  VolumeChange change(kTenYears, kNow);
  change.see(part("2026_10", 1, 10, 500, "C") + "/index.bin", false, false, {}, {});
  change.see(part("2026_11", 1, 10, 500, "C") + "/index.bin", true, true, {}, {});
  change.finish();
  EXPECT_EQ(change.another_volume_because(), "");
}

TEST(VolumeFilesTest, AFileThatVanishedFromAPartIsALoss) {
  VolumeChange change(kTenYears, kNow);
  std::string folder = part("2026_11", 1, 10, 500, "C");
  change.see(folder + "/index.bin", true, true, {}, {});
  change.see(folder + "/values.bin", true, false, {}, {});
  change.finish();
  EXPECT_THAT(change.another_volume_because(), HasSubstr("files of the part"));
}

}  // namespace
}  // namespace holdfast::datastore::vm
