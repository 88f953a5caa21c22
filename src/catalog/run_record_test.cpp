#include "catalog/run_record.h"

#include <gtest/gtest.h>

#include "storage/memory/memory_storage.h"

namespace holdfast::catalog {
namespace {

using namespace std::chrono_literals;

const CatalogOptions kCatalog{"catalog", ".holdfast/"};

RunRecord sample(WallTime started) {
  RunRecord record;
  record.id = new_run_id();
  record.store = "victoria-metrics-0";
  record.kind = "backup";
  record.name = "victoria-metrics-0-20261122100000";
  record.started = started;
  record.ended = started + 90s;
  record.outcome = "success";
  record.bytes_sent = 123;
  record.objects_reused = 4;
  record.changed = false;
  record.warnings = {"something\nodd"};
  record.counts = {{"rows", 42}};
  record.hashes = {{"sha256", "ab"}};
  return record;
}

class RunRecordTest : public ::testing::Test {
 protected:
  RunRecordTest() { memory_->buckets()->create(context_, "catalog"); }
  Context context_ = Context::background();
  std::unique_ptr<storage::Storage> memory_ = storage::make_memory_storage();
  WallTime start_ = parse_rfc3339("2026-11-22T10:00:00Z");
};

TEST_F(RunRecordTest, ComesBackAsWritten) {
  RunRecord written = sample(start_);
  RunRecord read = parse_record(to_json(written));
  EXPECT_EQ(read.id, written.id);
  EXPECT_EQ(read.started, written.started);
  EXPECT_EQ(read.ended, written.ended);
  EXPECT_EQ(read.bytes_sent, 123u);
  EXPECT_EQ(read.objects_reused, 4u);
  EXPECT_FALSE(read.changed);
  EXPECT_EQ(read.warnings, written.warnings);
  EXPECT_EQ(read.counts, written.counts);
  EXPECT_EQ(read.hashes, written.hashes);
}

TEST_F(RunRecordTest, NewestFirstAndOnlyThisStores) {
  for (int i : {1, 3, 2}) write_record(context_, *memory_, kCatalog, sample(start_ + i * 1h));
  RunRecord other = sample(start_ + 9h);
  other.store = "clickhouse";
  write_record(context_, *memory_, kCatalog, other);
  auto records = read_records(context_, *memory_, kCatalog, "victoria-metrics-0", 2);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].started, start_ + 3h);
  EXPECT_EQ(records[1].started, start_ + 2h);
}

TEST_F(RunRecordTest, DamagedAndNewerRecordsDoNotHideTheOthers) {
  write_record(context_, *memory_, kCatalog, sample(start_));
  put_bytes(*memory_, context_,
            {"catalog", ".holdfast/runs/victoria-metrics-0/99990101T000000Z-x.json"}, "{");
  put_bytes(*memory_, context_,
            {"catalog", ".holdfast/runs/victoria-metrics-0/99990102T000000Z-x.json"},
            R"({"format":"holdfast-run","min_reader":99})");
  EXPECT_EQ(read_records(context_, *memory_, kCatalog, "victoria-metrics-0", 5).size(), 1u);
}

TEST_F(RunRecordTest, AnEmptyCatalogHasNoRecords) {
  EXPECT_TRUE(read_records(context_, *memory_, kCatalog, "victoria-metrics-0", 5).empty());
}

}  // namespace
}  // namespace holdfast::catalog
