#include "datastore/victoria_metrics/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file_journal.h"
#include "datastore/victoria_metrics/fixture_for_test.h"
#include "datastore/victoria_metrics/local.h"
#include "datastore/victoria_metrics/swap.h"

namespace holdfast::datastore::vm {
namespace {

using ::testing::Contains;
using testing::DriverTest;
using ::testing::ElementsAre;
using testing::files_in;
using ::testing::HasSubstr;
using testing::index_tables;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RestoreTest : public DriverTest {
 protected:
  RestoreTest() {
    kept_ = volume().add_part("2026_10", 1, 30);
    merged_ = volume().add_part("2026_11", 1, 3);
    backed_up_ = files_in(volume().path());
    name_ = backup().name;
    volume().remove(merged_);
    volume().add_part("2026_11", 1, 5);
    volume().write("metadata/minTimestampForCompositeIndex", "87654321");
    live_ = files_in(volume().path());
  }
  RestorePlan plan(RestoreMode mode = RestoreMode::kStaged) {
    return store_->plan(context_, {name_, mode, {}, false});
  }
  void expect_restored() {
    EXPECT_EQ(files_in(volume().path()), backed_up_);
    EXPECT_THAT(index_tables(volume().path()), SizeIs(2));
    EXPECT_FALSE(fs::exists(volume().path() / kStagingName));
    EXPECT_FALSE(fs::exists(volume().path() / kInProgressName));
    EXPECT_FALSE(fs::exists(volume().path() / "cache"));
  }
  void expect_untouched() {
    EXPECT_EQ(files_in(volume().path()), live_);
    EXPECT_FALSE(fs::exists(volume().path() / kStagingName));
    EXPECT_FALSE(fs::exists(volume().path() / kInProgressName));
    EXPECT_TRUE(fs::exists(volume().path() / "cache/curr_hour_metric_ids"));
  }
  static ino_t inode(const fs::path& path) {
    struct stat info{};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_ino;
  }

  std::string kept_, merged_, name_;
  testing::Files backed_up_, live_;
};

TEST_F(RestoreTest, ThePlanTellsWhatWillHappenAndTouchesNothing) {
  RestorePlan told = plan();
  EXPECT_EQ(told.objects_to_fetch, 5u);
  EXPECT_GT(told.bytes_to_reuse, 0u);
  EXPECT_GT(told.bytes_to_fetch, 0u);
  EXPECT_THAT(told.conflicts, IsEmpty());
  EXPECT_THAT(told.steps, Contains(HasSubstr("swap")));
  EXPECT_THAT(told.warnings, Contains(HasSubstr("vmagent")));
  EXPECT_THAT(told.point_of_no_return, HasSubstr("swap"));
  EXPECT_EQ(told.backup_time, parse_rfc3339("2026-11-22T14:31:20Z"));
  expect_untouched();
}

TEST_F(RestoreTest, FetchesWhatDiffersAndLinksTheRest) {
  ino_t before = inode(volume().path() / kept_ / "values.bin");
  RestoreOutcome outcome = restore(name_);
  EXPECT_EQ(outcome.objects_fetched, 5u);
  EXPECT_EQ(outcome.objects_reused, backed_up_.size() - 6);
  EXPECT_EQ(inode(volume().path() / kept_ / "values.bin"), before);
  expect_restored();
}

TEST_F(RestoreTest, InPlaceLeavesNothingThatAServerWouldTakeForData) {
  fs::create_directories(volume().path() / "indexdb/18EC000000000000/txn");
  testing::write_plain(volume().path() / "indexdb/18EC000000000000/flock.lock", "");
  testing::write_plain(volume().path() / "data/small/2026_12/x/values.bin.tmp", "half");
  ino_t before = inode(volume().path() / kept_ / "values.bin");
  RestoreOutcome outcome = restore(name_, RestoreMode::kInPlace);
  EXPECT_EQ(outcome.objects_fetched, 5u);
  EXPECT_EQ(inode(volume().path() / kept_ / "values.bin"), before);
  EXPECT_FALSE(fs::exists(volume().path() / "data/small/2026_12"));
  expect_restored();
}

TEST_F(RestoreTest, IntoNothing) {
  for (RestoreMode mode : {RestoreMode::kStaged, RestoreMode::kInPlace}) {
    fs::remove_all(volume().path());
    restore(name_, mode);
    expect_restored();
  }
}

TEST_F(RestoreTest, LocalCorruptionIsNotCarriedIntoTheRestoredData) {
  for (RestoreMode mode : {RestoreMode::kStaged, RestoreMode::kInPlace}) {
    std::string content = live_.at(kept_ + "/values.bin");
    content[3] = char(content[3] ^ 1);
    volume().write(kept_ + "/values.bin", content);
    RestoreOutcome outcome = restore(name_, mode);
    EXPECT_THAT(outcome.warnings, ElementsAre(HasSubstr(kept_ + "/values.bin")));
    expect_restored();
  }
}

TEST_F(RestoreTest, ARunningServerIsAConflictAndRefused) {
  RestorePlan early = plan();
  auto server = lock_for_server(volume().path());
  ASSERT_TRUE(server);
  for (RestoreMode mode : {RestoreMode::kStaged, RestoreMode::kInPlace}) {
    EXPECT_THAT(plan(mode).conflicts, ElementsAre(HasSubstr("server is running")));
    EXPECT_THROW(restore(name_, mode), Refused);
  }
  EXPECT_THROW(store_->restore(context_, early, progress_), Refused) << "it started meanwhile";
  expect_untouched();
}

TEST_F(RestoreTest, DataBehindALinkIsAConflict) {
  fs::rename(volume().path() / "data", folder_.path() / "elsewhere");
  fs::create_directory_symlink(folder_.path() / "elsewhere", volume().path() / "data");
  auto before = files_in(volume().path());
  for (RestoreMode mode : {RestoreMode::kStaged, RestoreMode::kInPlace}) {
    EXPECT_THAT(plan(mode).conflicts, ElementsAre(HasSubstr("symlink")));
    EXPECT_THROW(restore(name_, mode), Refused);
  }
  EXPECT_EQ(files_in(volume().path()), before);
}

// A cache on another disk hinders a swap only.
TEST_F(RestoreTest, ALinkedCacheHindersASwapAndGoesAloneInPlace) {
  fs::rename(volume().path() / "cache", folder_.path() / "elsewhere");
  fs::create_directory_symlink(folder_.path() / "elsewhere", volume().path() / "cache");
  EXPECT_THAT(plan().conflicts, ElementsAre(HasSubstr("only --in-place")));
  restore(name_, RestoreMode::kInPlace);
  expect_restored();
  EXPECT_TRUE(fs::exists(folder_.path() / "elsewhere/curr_hour_metric_ids"));
}

TEST_F(RestoreTest, AScratchFolderMustBeEmptyAndGetsEveryByteFromTheBackup) {
  fs::path scratch = folder_.path() / "scratch";
  RestoreOutcome outcome = restore(name_, RestoreMode::kScratch, scratch);
  EXPECT_EQ(outcome.objects_reused, 0u);
  EXPECT_EQ(files_in(scratch), backed_up_);
  EXPECT_THROW(restore(name_, RestoreMode::kScratch, scratch), Refused);
  EXPECT_THROW(restore(name_, RestoreMode::kScratch), InvalidArgument);
  expect_untouched();
}

TEST_F(RestoreTest, AMissingOrShortObjectIsFoundBeforeAnythingIsTouched) {
  std::string key = key_with(name_, merged_ + "/values.bin");
  std::string content = get(name_, key);
  put(name_, key, content.substr(1));
  EXPECT_THROW(plan(), Corrupt);
  EXPECT_THAT(store_->verify(context_, {name_, false}, progress_).problems,
              ElementsAre(HasSubstr("instead of")));
  erase(name_, key);
  EXPECT_THROW(plan(), Corrupt);
  EXPECT_THAT(store_->verify(context_, {name_, false}, progress_).problems,
              ElementsAre(HasSubstr("is missing")));
  expect_untouched();
}

TEST_F(RestoreTest, AFlippedByteIsFoundByDeepVerifyAndBeforeTheSwap) {
  std::string key = key_with(name_, merged_ + "/values.bin");
  std::string content = get(name_, key);
  content[2] = char(content[2] ^ 4);
  put(name_, key, content);
  EXPECT_THAT(store_->verify(context_, {name_, false}, progress_).problems, IsEmpty());
  EXPECT_THAT(store_->verify(context_, {name_, true}, progress_).problems,
              ElementsAre(HasSubstr("values.bin")));
  for (RestoreMode mode : {RestoreMode::kStaged, RestoreMode::kInPlace}) {
    EXPECT_THROW(restore(name_, mode), Corrupt);
    expect_untouched();
  }
}

TEST_F(RestoreTest, AnInterruptedSwapIsInTheWayOfAPlanAndFinishedByARun) {
  testing::write_plain(staged_data_of(volume().path()) / "data/small/2026_11/x/values.bin", "new");
  FileJournal journal(staging_of(volume().path()) / "journal");
  journal.append("plan {\"protected\":false,\"names\":[]}");
  journal.append("swap");
  for (RestoreMode mode : {RestoreMode::kStaged, RestoreMode::kInPlace}) {
    EXPECT_THAT(plan(mode).conflicts, ElementsAre(HasSubstr("was killed in its swap")));
  }
  EXPECT_THAT(store_->recover(context_), ElementsAre(HasSubstr("finished")));
  EXPECT_THAT(plan().conflicts, IsEmpty());
}

TEST_F(RestoreTest, InPlaceAFailureKeepsServersFromStartingAndARerunMends) {
  int gets = 0;
  fail_ = [&](std::string_view verb, const storage::ObjectRef& ref) {
    if (verb == "get" && ref.key.find("values.bin") != std::string::npos && ++gets == 2) {
      throw Unavailable("get", "by a test");
    }
  };
  try {
    restore(name_, RestoreMode::kInPlace);
    FAIL() << "the second reading fails";
  } catch (const Unavailable& error) {
    EXPECT_THAT(error.to_string(), HasSubstr("no server starts on it: start this restore again"));
  }
  EXPECT_THAT(plan(RestoreMode::kInPlace).warnings, Contains(HasSubstr(kInProgressName)));
  EXPECT_TRUE(fs::exists(volume().path() / kInProgressName));
  fail_ = nullptr;
  EXPECT_THAT(store_->recover(context_), IsEmpty());
  restore(name_, RestoreMode::kInPlace);
  expect_restored();
}

TEST_F(RestoreTest, WhateverRequestFailsTheOldDataStays) {
  for (int nth = 0;; ++nth) {
    int seen = 0;
    fail_ = [&](std::string_view, const storage::ObjectRef&) {
      if (seen++ == nth) throw Unavailable("ask the storage", "by a test");
    };
    try {
      restore(name_);
      EXPECT_GT(nth, 6);
      break;
    } catch (const Unavailable&) {
      expect_untouched();
    }
  }
  expect_restored();
}

TEST_F(RestoreTest, AKilledFetchIsCleanedUp) {
  testing::write_plain(staged_data_of(volume().path()) / "data/small/x", "half");
  EXPECT_THAT(store_->recover(context_), ElementsAre(HasSubstr("removed")));
  expect_untouched();
  EXPECT_THAT(store_->recover(context_), IsEmpty());
}

TEST_F(RestoreTest, VmbackupsBackupWithAMissingPieceOrFileIsCorrupt) {
  std::string name = "vm-20261101000000";
  vmbackup(name);
  std::string key = key_with(name, "/timestamps.bin");
  std::string content = get(name, key);
  erase(name, key);
  EXPECT_THROW(store_->plan(context_, {name, RestoreMode::kStaged, {}, false}), Corrupt);
  put(name, key, content + "longer");
  EXPECT_THROW(store_->plan(context_, {name, RestoreMode::kStaged, {}, false}), Corrupt);
  put(name, key, content);
  std::string path = key.substr(0, key.rfind('/'));
  put(name, path + "/0000000000000002_0000000000000000_0000000000000002", "xx");
  EXPECT_THAT(store_->verify(context_, {name, false}, progress_).problems,
              ElementsAre(HasSubstr("is there with")));
}

TEST_F(RestoreTest, AnUnknownBackupIsNotFound) {
  for (const char* name : {"vm-20000101000000", "other-20000101000000", ""}) {
    EXPECT_THROW(store_->plan(context_, {name, RestoreMode::kStaged, {}, false}), NotFound) << name;
  }
}

// Every request of an incremental run fails once: before it took effect, or with its answer lost.
class InterruptedBackupTest : public DriverTest, public ::testing::WithParamInterface<bool> {};

TEST_P(InterruptedBackupTest, RestoresTheOldStateOrTheNewOneAndTheNextRunMends) {
  const bool answer_lost = GetParam();
  for (bool made_by_vmbackup : {false, true}) {
    for (int nth = 0;; ++nth) {
      std::string top = "v" + std::to_string(nth) + (made_by_vmbackup ? "f" : "h");
      use_volume(top);
      options_.prefix = top;
      remake();
      std::string merged = volume().add_part("2026_11", 1, 3);
      volume().write("data/small/2026_11/parts.json", "[1]");
      auto before = files_in(volume().path());
      std::string name = backup().name;
      if (made_by_vmbackup) {
        erase(name, kManifestName);
        put(name, kMarkerName, "ok");
      }
      volume().remove(merged);
      volume().add_part("2026_11", 1, 5);
      volume().write("data/small/2026_11/parts.json", "[22]");
      auto after = files_in(volume().path());
      int seen = 0;
      bool failed = false;
      auto fault = [&](std::string_view verb, const storage::ObjectRef&) {
        if (verb != "list" && verb != "get" && seen++ == nth) {
          failed = true;
          throw AccessDenied("ask the storage", "by a test");
        }
      };
      if (answer_lost) {
        hooks_->after = fault;
      } else {
        fail_ = fault;
      }
      try {
        backup();
      } catch (const AccessDenied&) {
      }
      fail_ = nullptr;
      hooks_->after = nullptr;
      auto now = restored(name);
      EXPECT_TRUE(now == before || now == after) << top;
      EXPECT_THAT(script_.snapshots, IsEmpty());
      EXPECT_EQ(backup().name, name) << top;
      EXPECT_EQ(restored(name), after) << top;
      EXPECT_THAT(store_->verify(context_, {name, true}, progress_).problems, IsEmpty()) << top;
      EXPECT_EQ(keys_in(name).size(), after.size() + 2) << top;
      if (!failed) {
        EXPECT_GT(nth, 8);
        break;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(BeforeOrAfterItsEffect, InterruptedBackupTest, ::testing::Bool());

}  // namespace
}  // namespace holdfast::datastore::vm
