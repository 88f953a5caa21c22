#include "datastore/clickhouse/settle.h"

#include <gtest/gtest.h>

namespace holdfast::datastore::ch {
namespace {

TEST(BlockRange, IsReadFromNewAndOldNames) {
  const BlockRange part = block_range_of("20261110_3_17_2_20");
  EXPECT_EQ(part.partition, "20261110");
  EXPECT_EQ(part.first, 3);
  EXPECT_EQ(part.last, 17);
  const BlockRange old = block_range_of("20261101_20261130_4_9_1");
  EXPECT_EQ(old.partition, "202611");
  EXPECT_EQ(old.first, 4);
  EXPECT_EQ(old.last, 9);
}

TEST(BlockRange, OfWhatIsNoPartIsEmpty) {
  for (const char* name : {"detached", "tmp_merge_20261110_1_2_1", "delete_tmp_20261110_1_1_0",
                           "format_version.txt", "all_1_1", "all_1_x_0", "all_1_1_0_2_3"}) {
    const BlockRange range = block_range_of(name);
    EXPECT_GT(range.first, range.last) << name;
  }
}

TEST(BlockRange, CoversThePartsThatWereMergedIntoIt) {
  const BlockRange merged = block_range_of("all_1_5_2");
  EXPECT_TRUE(merged.covers(block_range_of("all_1_1_0")));
  EXPECT_TRUE(merged.covers(block_range_of("all_2_5_1")));
  EXPECT_TRUE(merged.covers(merged));
  EXPECT_FALSE(merged.covers(block_range_of("all_5_6_1")));
  EXPECT_FALSE(merged.covers(block_range_of("2026_2_2_0")));
}

}  // namespace
}  // namespace holdfast::datastore::ch
