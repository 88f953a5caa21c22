#include "cli/text.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

TEST(Text, BytesLookAsTheDocumentedToolsPrintThem) {
  EXPECT_EQ(format_bytes(0), "0B");
  EXPECT_EQ(format_bytes(1023), "1023B");
  EXPECT_EQ(format_bytes(35236), "34.41KiB");
  EXPECT_EQ(format_bytes(std::uint64_t(3) << 30), "3.00GiB");
}

TEST(Text, Durations) {
  EXPECT_EQ(format_duration(400ms), "0.4s");
  EXPECT_EQ(format_duration(12s), "12s");
  EXPECT_EQ(format_duration(185s), "3m05s");
  EXPECT_EQ(format_duration(130min), "2h10m");
}

TEST(Text, TablesAreAlignedWithoutTrailingBlanks) {
  EXPECT_EQ(format_table({{"a", "long cell", ""}, {"wider", "b", "c"}}),
            "a      long cell\nwider  b          c\n");
  EXPECT_EQ(format_table({}), "");
}

// The first lines of the documented list of ClickHouse backups.
TEST(Text, TablesHaveTheDocumentedGaps) {
  EXPECT_EQ(format_list_time(parse_rfc3339("2024-06-17T18:50:00Z")), "17/06/2024 18:50:00");
  EXPECT_EQ(format_table({{"full_2024-06-17T18-50-00", "34.41KiB", "17/06/2024 18:50:00", "remote",
                           "", "tar, regular"},
                          {"incremental_2024-06-17T18-51-00", "7.29KiB", "17/06/2024 18:51:00",
                           "remote", "+full_2024-06-17T18-50-00", "tar, regular"}},
                         3),
            "full_2024-06-17T18-50-00          34.41KiB   17/06/2024 18:50:00   remote             "
            "       "
            "           tar, regular\n"
            "incremental_2024-06-17T18-51-00   7.29KiB    17/06/2024 18:51:00   remote   "
            "+full_2024-06-17T18-50-00   tar, regular\n");
}

TEST(Text, ParsesDurations) {
  EXPECT_EQ(parse_duration("90", "--wait"), 90s);
  EXPECT_EQ(parse_duration("90s", "--wait"), 90s);
  EXPECT_EQ(parse_duration("5m", "--wait"), 5min);
  EXPECT_EQ(parse_duration("2h", "--wait"), 2h);
  EXPECT_EQ(parse_duration("1d", "--wait"), 24h);
  for (const char* bad : {"", "s", "-1s", "1.5h", "1 h", "1w", "99999999999"}) {
    EXPECT_THROW(parse_duration(bad, "--wait"), InvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace holdfast::cli
