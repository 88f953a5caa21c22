#include "job/locks.h"

#include <gtest/gtest.h>

#include "storage/versions.h"
#include "support/test_folder.h"

namespace holdfast::job {
namespace {

using namespace std::chrono_literals;
using datastore::BackupEntry;

class LocksTest : public ::testing::Test {
 protected:
  LocksTest() {
    versions().change_settings(context(), "bucket", [](storage::BucketSettings& settings) {
      settings.versioning = storage::Versioning::kEnabled;
      settings.lock = true;
    });
  }
  const Context& context() { return folder_.context_; }
  storage::VersionedStore& versions() { return *folder_.storage_->versions(); }
  BackupEntry put(const std::string& name, const storage::Marks& marks,
                  const std::string& parent = "") {
    storage::PutRequest request;
    request.marks = marks;
    storage::put_bytes(*folder_.storage_, context(), {"bucket", name + "/metadata.json"}, "{}",
                       request);
    BackupEntry entry;
    entry.name = name;
    entry.parent = parent;
    entry.proof = name + "/metadata.json";
    return entry;
  }

  storage::FolderWithBucket folder_;
};

TEST_F(LocksTest, ALockedBackupStaysAndWhatItNeeds) {
  const WallTime now = context().clock().now();
  const std::vector<BackupEntry> entries = {
      put("full", {}), put("middle", {}, "full"),
      put("locked", {.retention = storage::Retention{true, now + 24h}}, "middle"),
      put("held", {.hold = true}), put("free", {})};
  const auto kept = kept_by_locks(context(), *folder_.storage_, "bucket", entries,
                                  {"full", "middle", "locked", "held", "free"});
  EXPECT_EQ(kept.size(), 4u);
  EXPECT_EQ(kept.at("locked"), "under object lock until " + format_rfc3339(now + 24h));
  EXPECT_EQ(kept.at("held"), "under a legal hold");
  EXPECT_TRUE(kept.at("middle").starts_with("needed by locked"));
  EXPECT_TRUE(kept.at("full").starts_with("needed by locked"));
  EXPECT_FALSE(kept.contains("free"));
}

TEST_F(LocksTest, ABackupWithoutItsProofAndAChainThatEndsNowhere) {
  std::vector<BackupEntry> entries = {put("held", {.hold = true}, "gone")};
  BackupEntry broken;
  broken.name = "broken";
  broken.proof = "broken/metadata.json";
  entries.push_back(broken);
  const auto kept = kept_by_locks(context(), *folder_.storage_, "bucket", entries,
                                  {"held", "broken", "unlisted"});
  EXPECT_TRUE(kept.contains("held"));
  EXPECT_FALSE(kept.contains("broken"));
}

}  // namespace
}  // namespace holdfast::job
