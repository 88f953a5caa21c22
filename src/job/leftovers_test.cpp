#include "job/leftovers.h"

#include <gtest/gtest.h>

#include "catalog/run_record.h"
#include "storage/memory/memory_storage.h"
#include "storage/wrap/wrap.h"

namespace holdfast::job {
namespace {

using namespace std::chrono_literals;

class LeftoversTest : public ::testing::Test {
 protected:
  LeftoversTest()
      : clock_(parse_rfc3339("2026-03-01T00:00:00Z")), context_(Context::with_clock(clock_)) {
    storage_->buckets()->create(context_, "bucket");
  }
  std::string begin(const std::string& key) {
    return storage_->multipart()->create(context_, {"bucket", key}, {}, std::nullopt);
  }

  FakeClock clock_;
  Context context_;
  std::unique_ptr<storage::Storage> storage_ = storage::make_memory_storage();
  OpenFence fence_;
  UploadPlace place_{"bucket", "mine"};
};

TEST_F(LeftoversTest, UploadsOfMoreThanADayAgoAreGivenUp) {
  begin("mine/old");
  begin("other/old");
  clock_.advance(23h);
  begin("mine/young");
  EXPECT_TRUE(orphan_uploads(context_, *storage_, place_).empty());
  clock_.advance(2h);
  const auto orphans = orphan_uploads(context_, *storage_, place_);
  ASSERT_EQ(orphans.size(), 1u);
  EXPECT_EQ(orphans[0].key, "mine/old");
  EXPECT_TRUE(abort_uploads(context_, *storage_, place_, orphans, fence_).empty());
  EXPECT_TRUE(orphan_uploads(context_, *storage_, place_).empty());
  const auto left = storage_->multipart()->uploads(context_, {"bucket", "", "", "", "", 1000});
  EXPECT_EQ(left.uploads.size(), 2u) << "the other store's, and the young one";
}

TEST_F(LeftoversTest, MoreUploadsThanAPageHoldsAreAllFound) {
  for (int i = 0; i < 1100; ++i) begin("mine/" + std::to_string(i));
  clock_.advance(25h);
  EXPECT_EQ(orphan_uploads(context_, *storage_, place_).size(), 1100u);
}

TEST_F(LeftoversTest, AStorageThatDoesNotTellOfUploadsIsNoTrouble) {
  begin("mine/old");
  clock_.advance(25h);
  auto refusing = storage::with_faults(std::move(storage_), [](std::string_view verb, const auto&) {
    if (verb.starts_with("multipart")) throw AccessDenied(std::string(verb), "not in the policy");
  });
  EXPECT_TRUE(orphan_uploads(context_, *refusing, place_).empty());
}

TEST_F(LeftoversTest, ABucketThatIsNotThereHasNone) {
  EXPECT_TRUE(orphan_uploads(context_, *storage_, {"missing", ""}).empty());
}

TEST_F(LeftoversTest, RecordsGoByTheirAge) {
  const catalog::CatalogOptions catalog{"bucket", ".holdfast/"};
  for (int day = 0; day < 10; ++day) {
    catalog::RunRecord record;
    record.id = catalog::new_run_id();
    record.store = "clickhouse";
    record.kind = "backup";
    record.started = record.ended = clock_.now() + day * 24h;
    catalog::write_record(context_, *storage_, catalog, record);
  }
  EXPECT_EQ(
      remove_records(context_, *storage_, catalog, "clickhouse", clock_.now() + 4 * 24h, fence_),
      4u);
  const auto left = catalog::read_records(context_, *storage_, catalog, "clickhouse", 100);
  ASSERT_EQ(left.size(), 6u);
  EXPECT_EQ(left.back().started, clock_.now() + 4 * 24h);
}

}  // namespace
}  // namespace holdfast::job
