// The driver as a whole, over the memory storage and a server without a process.
#include "datastore/victoria_metrics/victoria_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datastore/victoria_metrics/fixture_for_test.h"
#include "datastore/victoria_metrics/local.h"

namespace holdfast::datastore::vm {
namespace {

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
  TemporaryFolder other;
  options_.data_path = other.path();
  remake();
  try {
    backup();
    FAIL() << "backed up another server's folder";
  } catch (const Refused& error) {
    EXPECT_THAT(error.to_string(), HasSubstr("not in this data folder"));
  }
  EXPECT_THAT(script_.snapshots, IsEmpty());
  EXPECT_THAT(store_->list(context_), IsEmpty());
}

}  // namespace
}  // namespace holdfast::datastore::vm
