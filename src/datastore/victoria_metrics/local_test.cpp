// The data folder: walking it, locking it, swapping what is in it.
#include "datastore/victoria_metrics/local.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file_journal.h"
#include "datastore/victoria_metrics/file_digest.h"
#include "datastore/victoria_metrics/swap.h"
#include "datastore/victoria_metrics/testing.h"
#include "datastore/victoria_metrics/walk.h"

namespace holdfast::datastore::vm {
namespace {

using ::testing::ElementsAre;
using testing::files_in;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Volume;
using testing::write_plain;

std::vector<std::string> walked(const fs::path& root) {
  Walk walk(root);
  std::vector<std::string> out;
  while (auto file = walk.next()) out.push_back(file->relative);
  return out;
}

TEST(WalkTest, GivesTheOrderOfObjectNamesNotOfFileNames) {
  TemporaryFolder folder;
  for (const char* file : {"a.b/x", "a/x", "a0", "a-b", "a", "ab/parts.json"}) {
    if (std::string(file) != "a") write_plain(folder.path() / file, "");
  }
  // Compared as "a-b/", "a.b/", "a/", "a0/", "ab/".
  EXPECT_THAT(walked(folder.path()), ElementsAre("a-b", "a.b/x", "a/x", "a0", "ab/parts.json"));
}

TEST(WalkTest, FollowsLinksUnderTheirOwnNamesAndSkipsWhatIsNoData) {
  TemporaryFolder folder;
  Volume volume(folder.path() / "v");
  std::string part = volume.add_part("2026_11", 1, 2);
  volume.write(part + "/values.bin.tmp", "half");
  volume.snapshot("20261122143120-AA");
  fs::path snapshot = volume.path() / "snapshots/20261122143120-AA";
  fs::create_symlink("nowhere", snapshot / "data/gone");
  std::vector<std::string> expected;
  for (const auto& [file, content] : files_in(volume.path())) expected.push_back(file);
  EXPECT_EQ(walked(snapshot), expected);
}

TEST(WalkTest, ASnapshotThatIsDeletedMeanwhileIsNoticed) {
  TemporaryFolder folder;
  Volume volume(folder.path() / "v");
  volume.add_part("2026_11", 1, 2);
  volume.snapshot("20261122143120-AA");
  Walk walk(volume.path() / "snapshots/20261122143120-AA");
  while (walk.next()) {
  }
  walk.check_still_there();
  fs::remove_all(volume.path() / "data/small/snapshots/20261122143120-AA");
  EXPECT_THROW(walk.check_still_there(), Failed);
}

TEST(WalkTest, NoFolderAndALoopAreErrors) {
  TemporaryFolder folder;
  EXPECT_THROW(Walk(folder.path() / "missing"), NotFound);
  fs::create_directory_symlink(".", folder.path() / "loop");
  EXPECT_THROW(walked(folder.path()), Refused);
}

TEST(LocksTest, OneHoldfastAndOneServerAtATime) {
  TemporaryFolder folder;
  {
    FileLock ours = lock_for_us(folder.path());
    EXPECT_THROW(lock_for_us(folder.path()), Refused);
    auto servers = lock_for_server(folder.path());
    EXPECT_TRUE(servers);
    EXPECT_FALSE(lock_for_server(folder.path()));
  }
  lock_for_us(folder.path());
  EXPECT_THROW(lock_for_us(folder.path() / "missing"), Refused);
}

TEST(FileDigestTest, IsThatOfTheSameBytesInAnObject) {
  TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += std::to_string(i);
  write_plain(folder.path() / "f", bytes);
  for (std::uint64_t piece : {64u, 100u, 1000u, 100'000u}) {
    auto digest = digest_of_file(Context::background(), folder.path() / "f", 5, 2000, piece);
    EXPECT_TRUE(digest == transfer::object_digest_of(bytes.substr(5, 2000), piece)) << piece;
  }
  EXPECT_THROW(digest_of_file(Context::background(), folder.path() / "f", 0, 1 << 20, 4096),
               Corrupt);
}

class SwapTest : public ::testing::Test {
 protected:
  SwapTest() {
    old_part_ = volume_.add_part("2026_10", 1, 2);
    before_ = files_in(volume_.path());
    write_plain(staged() / "data/small/2026_11/x/values.bin", "restored");
    write_plain(staged() / "indexdb/T/converted-to-v1.28.0", "");
    after_ = files_in(staged());
  }
  fs::path staged() { return staged_data_of(volume_.path()); }
  void expect_new_and_clean() {
    EXPECT_EQ(files_in(volume_.path()), after_);
    EXPECT_FALSE(fs::exists(volume_.path() / "cache"));
    EXPECT_FALSE(fs::exists(volume_.path() / "snapshots"));
    expect_clean();
  }
  void expect_clean() {
    EXPECT_FALSE(fs::exists(volume_.path() / kStagingName));
    EXPECT_FALSE(fs::exists(volume_.path() / kInProgressName));
  }

  TemporaryFolder folder_;
  Volume volume_{folder_.path() / "v"};
  std::string old_part_;
  testing::Files before_, after_;
};

TEST_F(SwapTest, PutsTheRestoredFoldersInPlace) {
  swap_in(volume_.path());
  expect_new_and_clean();
}

TEST_F(SwapTest, WorksOnAnEmptyDataFolder) {
  for (const char* name : {"data", "indexdb", "metadata", "cache", "tmp", "snapshots"}) {
    fs::remove_all(volume_.path() / name);
  }
  swap_in(volume_.path());
  expect_new_and_clean();
}

// As if the process had died after so many of the renames: 0 is right after the journal was
// written.
class KilledSwapTest : public SwapTest, public ::testing::WithParamInterface<int> {
 protected:
  void die_in_the_middle();
};

void KilledSwapTest::die_in_the_middle() {
  const fs::path live = volume_.path();
  FileJournal journal(staging_of(live) / "journal");
  std::string lines;
  auto inode = [](const fs::path& path) {
    struct stat info{};
    return std::to_string(::lstat(path.c_str(), &info) == 0 ? info.st_ino : 0);
  };
  for (const char* name : {"cache", "data", "indexdb", "metadata", "snapshots", "tmp"}) {
    lines += std::string(lines.empty() ? "" : ",") + "[\"" + name + "\"," + inode(staged() / name) +
             "," + inode(live / name) + "]";
  }
  journal.append("plan {\"protected\":false,\"names\":[" + lines + "]}");
  EXPECT_FALSE(swap_is_pending(live));
  journal.append("swap");
  EXPECT_TRUE(swap_is_pending(live));
  if (GetParam() > 0) write_plain(live / kInProgressName, "");
  if (GetParam() > 1) rename_new(live / "cache", staged() / "cache");
  if (GetParam() > 2) exchange_paths(live / "data", staged() / "data");
  if (GetParam() > 3) exchange_paths(live / "indexdb", staged() / "indexdb");
}

TEST_P(KilledSwapTest, IsFinishedByTheNextStart) {
  die_in_the_middle();
  EXPECT_THAT(recover_swap(volume_.path()), ElementsAre(HasSubstr("finished")));
  expect_new_and_clean();
  EXPECT_THAT(recover_swap(volume_.path()), IsEmpty());
}

TEST_P(KilledSwapTest, IsUndoneWhenThatHadBegun) {
  die_in_the_middle();
  FileJournal(staging_of(volume_.path()) / "journal").append("undo");
  EXPECT_THAT(recover_swap(volume_.path()), ElementsAre(HasSubstr("undid")));
  EXPECT_EQ(files_in(volume_.path()), before_);
  EXPECT_TRUE(fs::exists(volume_.path() / "cache/curr_hour_metric_ids"));
  expect_clean();
}

INSTANTIATE_TEST_SUITE_P(AfterSoManySteps, KilledSwapTest, ::testing::Range(0, 5));

TEST_F(SwapTest, AKillBeforeTheFirstRenameLeavesTheOldDataAndAnEarlierProtection) {
  for (bool protected_before : {false, true}) {
    write_plain(staged() / "data/x", "restored");
    FileJournal(staging_of(volume_.path()) / "journal")
        .append(std::string("plan {\"names\":[],\"protected\":") +
                (protected_before ? "true}" : "false}"));
    write_plain(volume_.path() / kInProgressName, "");
    EXPECT_TRUE(swap_is_pending(volume_.path()));
    EXPECT_THAT(recover_swap(volume_.path()), ElementsAre(HasSubstr("removed what")));
    EXPECT_EQ(files_in(volume_.path()), before_);
    EXPECT_EQ(fs::exists(volume_.path() / kInProgressName), protected_before);
    EXPECT_FALSE(fs::exists(volume_.path() / kStagingName));
  }
}

TEST_F(SwapTest, AJournalThatNobodyCanReadIsCorruptAndNothingIsTouched) {
  FileJournal journal(staging_of(volume_.path()) / "journal");
  journal.append("plan {\"names\":7}");
  EXPECT_THROW(recover_swap(volume_.path()), Corrupt);
  EXPECT_EQ(files_in(volume_.path()), before_);
}

TEST_F(SwapTest, WhatWasOnlyFetchedIsRemovedAndTheOldDataStays) {
  EXPECT_FALSE(swap_is_pending(volume_.path()));
  EXPECT_THAT(recover_swap(volume_.path()), ElementsAre(HasSubstr("removed")));
  EXPECT_EQ(files_in(volume_.path()), before_);
  expect_clean();
}

TEST_F(SwapTest, ASymlinkInTheWayIsFoundBefore) {
  EXPECT_EQ(swap_obstacle(volume_.path()), "");
  fs::rename(volume_.path() / "data", folder_.path() / "elsewhere");
  fs::create_directory_symlink(folder_.path() / "elsewhere", volume_.path() / "data");
  EXPECT_THAT(swap_obstacle(volume_.path()), HasSubstr("symlink"));
  EXPECT_EQ(swap_obstacle(folder_.path() / "missing"), "");
}

}  // namespace
}  // namespace holdfast::datastore::vm
