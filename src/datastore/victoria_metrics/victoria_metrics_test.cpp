// The driver as a whole, over the memory storage and a server without a process.
#include "datastore/victoria_metrics/victoria_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datastore/victoria_metrics/fixture_for_test.h"
#include "datastore/victoria_metrics/local.h"

namespace holdfast::datastore::vm {
namespace {

using testing::ClosingFence;
using testing::DriverTest;
using ::testing::ElementsAre;
using testing::files_in;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BackupTest : public DriverTest {};

TEST_F(BackupTest, AFullBackupLaysObjectsOutAsVmbackupDoes) {
  std::string part = volume().add_part("2026_11", 1, 3);
  BackupOutcome outcome = backup();
  EXPECT_EQ(outcome.name, "vm-20261122143120");
  EXPECT_TRUE(outcome.changed);
  auto keys = keys_in(outcome.name);
  EXPECT_THAT(keys,
              ::testing::Contains(part + "/min_dedup_interval/"
                                         "0000000000000002_0000000000000000_0000000000000002"));
  EXPECT_THAT(keys, ::testing::Contains(std::string(kMarkerName)));
  EXPECT_THAT(keys, ::testing::Contains(std::string(kManifestName)));
  EXPECT_EQ(keys.size(), files_in(volume().path()).size() + 2);
  EXPECT_EQ(outcome.objects_sent, keys.size() - 2);
}

TEST_F(BackupTest, RestoresWhatWasBackedUp) {
  volume().add_part("2026_10", 1, 30);
  volume().add_part("2026_11", 1, 3);
  auto before = files_in(volume().path());
  BackupOutcome outcome = backup();
  volume().add_part("2026_11", 4, 5);
  fs::remove_all(volume().path() / "data/small/2026_10");
  restore(outcome.name);
  EXPECT_EQ(files_in(volume().path()), before);
  EXPECT_FALSE(fs::exists(volume().path() / "cache"));
  EXPECT_FALSE(fs::exists(volume().path() / kStagingName));
}

TEST_F(BackupTest, AnUnchangedRunCostsFourRequestsInItsFolder) {
  volume().add_part("2026_11", 1, 3);
  backup();
  clock_.advance(std::chrono::hours(1));
  reset_counts();
  BackupOutcome outcome = backup();
  EXPECT_FALSE(outcome.changed);
  EXPECT_EQ(requests(), (std::vector<std::string>{"get manifest", "get marker", "list folder",
                                                  "list root", "put marker"}));
}

TEST_F(BackupTest, AChangedRunCostsTheNewObjectsAndTwoMoreThanVmbackup) {
  volume().add_part("2026_11", 1, 3);
  backup();
  volume().add_part("2026_11", 4, 4);
  reset_counts();
  BackupOutcome outcome = backup();
  EXPECT_EQ(outcome.objects_sent, 5u);
  EXPECT_EQ(requests(),
            (std::vector<std::string>{"get manifest", "get marker", "list folder", "list root",
                                      "put data", "put data", "put data", "put data", "put data",
                                      "put manifest", "put marker", "remove marker"}));
}

TEST_F(BackupTest, AMergeIsContinuedInTheSameVersionAndObsoleteObjectsGoInOneRequest) {
  std::string first = volume().add_part("2026_11", 1, 3, 1000);
  std::string second = volume().add_part("2026_11", 3, 5, 500);
  std::string name = backup().name;
  volume().remove(first);
  volume().remove(second);
  volume().add_part("2026_11", 1, 5, 1500);
  clock_.advance(std::chrono::hours(1));
  reset_counts();
  BackupOutcome outcome = backup();
  EXPECT_EQ(outcome.name, name);
  EXPECT_EQ(outcome.objects_removed, 10u);
  EXPECT_THAT(requests(), ::testing::Contains("remove data").Times(1));
  EXPECT_EQ(keys_in(name).size(), files_in(volume().path()).size() + 2);
}

TEST_F(BackupTest, TheSnapshotIsDeletedAfterSuccessAndAfterFailure) {
  volume().add_part("2026_11", 1, 3);
  backup();
  EXPECT_THAT(script_.snapshots, IsEmpty());
  volume().add_part("2026_11", 4, 4);
  fail_ = [](std::string_view verb, const storage::ObjectRef&) {
    if (verb == "put") throw AccessDenied("put", "made to fail by a test");
  };
  EXPECT_THROW(backup(), AccessDenied);
  EXPECT_THAT(script_.snapshots, IsEmpty());
  EXPECT_THAT(script_.removed, SizeIs(2));
  EXPECT_FALSE(fs::exists(volume().path() / ".holdfast-snapshot"));
}

TEST_F(BackupTest, ADataFolderOfAnotherServerIsRefusedAndItsSnapshotGoes) {
  volume().add_part("2026_11", 1, 3);
  testing::Volume other(folder_.path() / "other");
  options_.data_path = other.path();
  remake();
  try {
    backup();
    FAIL() << "backed up another server's folder";
  } catch (const Refused& error) {
    EXPECT_THAT(error.to_string(), HasSubstr("not in this data folder"));
  }
  EXPECT_FALSE(fs::exists(other.path() / ".holdfast.lock"));
  EXPECT_THAT(script_.snapshots, IsEmpty());
  EXPECT_THAT(store_->list(context_), IsEmpty());
}

TEST_F(BackupTest, AFolderThatIsNoDataFolderIsRefusedAndLeftAsItWas) {
  for (bool empty : {true, false}) {
    TemporaryFolder other;
    if (!empty) testing::write_plain(other.path() / "data/mine", "precious");
    options_.data_path = other.path();
    remake();
    EXPECT_THAT(store_->recover(context_), IsEmpty());
    EXPECT_THROW(backup(), Refused);
    EXPECT_EQ(fs::is_empty(other.path()), empty);
    EXPECT_FALSE(fs::exists(other.path() / ".holdfast.lock"));
  }
  EXPECT_THAT(script_.created, IsEmpty());
}

TEST_F(BackupTest, FilesThatChangeInPlaceAreReplacedAndLeaveNoOtherSizedCopy) {
  volume().add_part("2026_11", 1, 3);
  volume().write("data/small/2026_11/parts.json", "[1]");
  std::string name = backup().name;
  for (const char* content : {"[2]", "[1,2]"}) {
    volume().write("data/small/2026_11/parts.json", content);
    EXPECT_TRUE(backup().changed);
    EXPECT_EQ(get(name, key_with(name, "parts.json")), content);
    EXPECT_EQ(restored(name), files_in(volume().path()));
  }
  EXPECT_FALSE(backup().changed);
  auto keys = keys_in(name);
  EXPECT_EQ(std::count_if(keys.begin(), keys.end(),
                          [](const auto& key) { return key.find("parts.json") != key.npos; }),
            1);
}

TEST_F(BackupTest, TheManifestHoldsTheChecksumOfEveryObject) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  VerifyReport report = store_->verify(context_, {name, true}, progress_);
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.objects_without_checksum, 0u);
  EXPECT_EQ(report.objects, files_in(volume().path()).size());
}

TEST_F(BackupTest, RecordsRowsAndSeriesOfTheSnapshot) {
  volume().add_part("2026_10", 1, 3, 700);
  volume().add_part("2026_11", 1, 3, 300);
  std::string name = backup().name;
  auto recorded = store_->recorded(context_, name);
  ASSERT_TRUE(recorded);
  EXPECT_EQ(recorded->counts,
            (std::map<std::string, std::uint64_t>{{"rows", 1000}, {"series", 42}}));
}

TEST_F(BackupTest, ALostLeaseStopsBeforeEveryVisibleStep) {
  volume().add_part("2026_10", 1, 30);
  std::string first = volume().add_part("2026_11", 1, 3);
  volume().write("data/small/2026_11/parts.json", "[1]");
  std::string name = backup().name;
  auto before = files_in(volume().path());
  volume().remove(first);
  volume().add_part("2026_11", 1, 4);
  volume().write("data/small/2026_11/parts.json", "[2]");
  auto after = files_in(volume().path());
  int refused = 0;
  for (bool committed = false, done = false; !done;) {
    ClosingFence fence(refused);
    try {
      BackupOutcome outcome = store_->backup(context_, {}, fence, progress_);
      EXPECT_EQ(outcome.name, name) << ::testing::PrintToString(outcome.warnings);
      done = true;
    } catch (const Refused&) {
      ++refused;
    }
    auto now = restored(name);
    committed = committed || now == after;
    EXPECT_EQ(now, committed ? after : before) << refused;
    auto keys = keys_in(name);
    bool marked = std::find(keys.begin(), keys.end(), kMarkerName) != keys.end();
    EXPECT_EQ(marked, done || refused == 1) << refused;
  }
  EXPECT_GE(refused, 4);
  EXPECT_EQ(get(name, key_with(name, "parts.json")), "[2]");
  EXPECT_EQ(keys_in(name).size(), after.size() + 2);
}

TEST_F(BackupTest, AnotherRunsCommitIsNotOverwritten) {
  volume().add_part("2026_11", 1, 3);
  std::string name = backup().name;
  volume().add_part("2026_11", 3, 4);
  fail_ = [&](std::string_view verb, const storage::ObjectRef& ref) {
    if (verb != "put" || !ref.key.ends_with(kManifestName)) return;
    fail_ = nullptr;
    mutex_.unlock();
    put(name, kManifestName, "of another run");
    mutex_.lock();
  };
  EXPECT_THROW(backup(), Refused);
  EXPECT_EQ(get(name, kManifestName), "of another run");
}

TEST_F(BackupTest, ACommitWhoseAnswerIsLostIsLookedUp) {
  volume().add_part("2026_11", 1, 3);
  hooks_->after = [&](std::string_view verb, const storage::ObjectRef& ref) {
    if (verb == "put" && ref.key.ends_with(kManifestName)) throw Unavailable("put", "no answer");
  };
  std::string name = backup().name;
  hooks_->after = nullptr;
  EXPECT_EQ(restored(name), files_in(volume().path()));
  EXPECT_THAT(keys_in(name), ::testing::Contains(std::string(kMarkerName)));
}

TEST_F(BackupTest, AFullBackupStartsAVersionOfItsOwn) {
  volume().add_part("2026_11", 1, 3);
  std::string first = backup().name;
  std::string second = backup(BackupKind::kFull).name;
  EXPECT_GT(second, first);
  EXPECT_EQ(restored(second), restored(first));
  EXPECT_EQ(backup().name, second);
}

TEST_F(BackupTest, ASecondRunOnTheSameFolderIsRefused) {
  volume().add_part("2026_11", 1, 3);
  FileLock other = lock_for_us(volume().path());
  EXPECT_THROW(backup(), Refused);
  EXPECT_THAT(script_.created, IsEmpty());
}

TEST_F(BackupTest, AServerThatCannotBeReachedChangesNothing) {
  volume().add_part("2026_11", 1, 3);
  script_.reachable = false;
  EXPECT_THROW(backup(), Unavailable);
  EXPECT_THAT(store_->list(context_), IsEmpty());
}

// Leftovers of a killed first run are used, and get their checksums.
TEST_F(BackupTest, WhatAKilledFirstRunSentIsNotSentAgain) {
  volume().add_part("2026_10", 1, 30);
  volume().add_part("2026_11", 1, 3);
  fail_ = [](std::string_view verb, const storage::ObjectRef& ref) {
    if (verb == "put" && ref.key.ends_with(kManifestName)) throw AccessDenied("put", "by a test");
  };
  EXPECT_THROW(backup(), AccessDenied);
  fail_ = nullptr;
  auto list = store_->list(context_);
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_FALSE(list[0].complete);
  clock_.advance(std::chrono::hours(1));
  BackupOutcome outcome = backup();
  EXPECT_EQ(outcome.name, list[0].name);
  EXPECT_EQ(outcome.objects_sent, 1u) << "the file that changes in place";
  EXPECT_EQ(store_->verify(context_, {outcome.name, true}, progress_).objects_without_checksum, 0u);
}

}  // namespace
}  // namespace holdfast::datastore::vm
