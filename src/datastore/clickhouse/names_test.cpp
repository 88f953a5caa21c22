#include "datastore/clickhouse/names.h"

#include <gtest/gtest.h>

#include "codec/text.h"

namespace holdfast::datastore::ch {
namespace {

TEST(Names, AreEncodedAsTheServerNamesFiles) {
  EXPECT_EQ(encode_name("odd-name.1"), "odd%2Dname%2E1");
  EXPECT_EQ(encode_name("größe`\\1 %2E"), "gr%C3%B6%C3%9Fe%60%5C1%20%252E");
  for (const char* name : {"otel_logs", ".inner.v", "größe`\\1 %2E", "a/b", ".."}) {
    EXPECT_EQ(codec::uri_decode(encode_name(name)), name);
    EXPECT_EQ(encode_name(name).find('/'), std::string::npos);
  }
}

TEST(Names, AreQuotedSoThatNothingEndsThem) {
  EXPECT_EQ(quote_name("a`b\\"), "`a\\`b\\\\`");
  EXPECT_EQ(quote_text("it's\n"), "'it\\'s\\n'");
  EXPECT_EQ(quote_name(TableName{"odd db", "t"}), "`odd db`.`t`");
}

TEST(Names, FitPatternsButNeverOurOwnOrTheServers) {
  const std::vector<std::string> otel = {"otel.*"};
  EXPECT_TRUE(fits_patterns({"otel", "otel_logs"}, otel));
  EXPECT_TRUE(fits_patterns({"otel", ".inner.v"}, otel));
  EXPECT_FALSE(fits_patterns({"otel2", "x"}, otel));
  EXPECT_FALSE(fits_patterns({"xotel", "x"}, otel));
  const std::vector<std::string> all = {"*"};
  EXPECT_TRUE(fits_patterns({"a", "b"}, all));
  EXPECT_FALSE(fits_patterns({"system", "parts"}, all));
  EXPECT_FALSE(fits_patterns({"holdfast_restore_1", "t0"}, all));
  EXPECT_TRUE(fits_patterns({"a", "logs_2024"}, {"b.*", "a.*_20??"}));
  EXPECT_FALSE(fits_patterns({"a", "logs_204"}, {"a.*_20??"}));
  EXPECT_TRUE(fits_patterns({"a", "x*y"}, {"a.x*y"}));
  EXPECT_FALSE(fits_patterns({"a", "b"}, {}));
}

TEST(Names, OfBackupsHoldTheirTime) {
  const WallTime time = parse_rfc3339("2024-06-17T18:50:00Z");
  EXPECT_EQ(backup_name(NameKind::kFull, time), "full_2024-06-17T18-50-00");
  EXPECT_EQ(backup_name(NameKind::kIncremental, time), "incremental_2024-06-17T18-50-00");
  EXPECT_EQ(time_of_backup("full_2024-06-17T18-50-00"), time);
  EXPECT_EQ(time_of_backup("incremental_2024-06-17T18-50-00"), time);
  for (const char* bad : {"full_2024-06-17T18:50:00", "full_2024-06-17", "2024-06-17T18-50-00",
                          "full_2024-13-17T18-50-00", "full_2024-06-17T18-50-00Z", ""}) {
    EXPECT_FALSE(time_of_backup(bad)) << bad;
  }
}

TEST(Names, OfFoldersThatCanBeABackup) {
  EXPECT_TRUE(is_possible_backup_name("shard0-full-20240617"));
  for (const char* bad : {"", ".holdfast", "..", "a/b", "a\nb"}) {
    EXPECT_FALSE(is_possible_backup_name(bad)) << bad;
  }
  EXPECT_FALSE(is_possible_backup_name(std::string(256, 'a')));
}

TEST(Names, OfPartsBecomePathsOnlyWhenTheyAreParts) {
  for (const char* good : {"20261110_1_1_0", "all_1_1_0_4", "20261101_20261130_1_1_0", "-5_1_2_1",
                           "3b2bd1d2a0f5_1_1_0"}) {
    EXPECT_TRUE(is_part_name(good)) << good;
  }
  for (const char* bad : {"", "detached", "..", "a_1/b", "a_1%2F", "a_1.b"}) {
    EXPECT_FALSE(is_part_name(bad)) << bad;
  }
  EXPECT_EQ(partition_of("20261110_1_1_0"), "20261110");
  EXPECT_EQ(partition_of("20261110_1_1_0_7"), "20261110");
  EXPECT_EQ(partition_of("20261101_20261130_1_1_0"), "202611");
  EXPECT_EQ(partition_of("all_1_1_0"), "all");
}

}  // namespace
}  // namespace holdfast::datastore::ch
