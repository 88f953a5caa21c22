#include "datastore/clickhouse/sql.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::datastore::ch {
namespace {

const TableName kOther{"x", "y"};

TEST(CreateStatement, GivesATableAnotherName) {
  auto statement = parse_create(
      "CREATE TABLE otel.`odd-name.1` ( d Date,  x UInt64 DEFAULT 5) ENGINE = MergeTree PARTITION "
      "BY d ORDER BY x SETTINGS index_granularity = 8192",
      "t");
  EXPECT_EQ(statement.kind, "TABLE");
  EXPECT_EQ(statement.engine, "MergeTree");
  EXPECT_EQ(create_as(statement, kOther),
            "CREATE TABLE `x`.`y` ( d Date,  x UInt64 DEFAULT 5) ENGINE = MergeTree PARTITION BY d "
            "ORDER BY x SETTINGS index_granularity = 8192");
}

TEST(CreateStatement, LeavesOutWhatBelongsToOnePlace) {
  auto statement = parse_create(
      "CREATE TABLE default.t UUID '0b1c' ON CLUSTER '{cluster}' (`engine` String COMMENT 'ENGINE "
      "= Log') ENGINE = ReplicatedReplacingMergeTree('/a/{shard}', '{replica}', ver) ORDER BY x",
      "t");
  EXPECT_EQ(statement.engine, "ReplicatedReplacingMergeTree");
  EXPECT_EQ(create_plain(statement, kOther),
            "CREATE TABLE `x`.`y` (`engine` String COMMENT 'ENGINE = Log') ENGINE = "
            "ReplacingMergeTree(ver) ORDER BY x");
  EXPECT_EQ(create_as(statement, kOther),
            "CREATE TABLE `x`.`y` (`engine` String COMMENT 'ENGINE = Log') ENGINE = "
            "ReplicatedReplacingMergeTree('/a/{shard}', '{replica}', ver) ORDER BY x");
}

TEST(CreateStatement, TakesReplicatedEnginesWithoutOwnArguments) {
  auto plain = [](const std::string& engine) {
    return create_plain(
        parse_create("CREATE TABLE a.b (x Int8) ENGINE = " + engine + " ORDER BY x", "t"), kOther);
  };
  EXPECT_EQ(plain("ReplicatedMergeTree"),
            "CREATE TABLE `x`.`y` (x Int8) ENGINE = MergeTree ORDER BY x");
  EXPECT_EQ(plain("ReplicatedMergeTree('/p', 'r')"),
            "CREATE TABLE `x`.`y` (x Int8) ENGINE = MergeTree() ORDER BY x");
  EXPECT_EQ(plain("ReplicatedMergeTree(d, x, 8192)"),
            "CREATE TABLE `x`.`y` (x Int8) ENGINE = MergeTree(d, x, 8192) ORDER BY x");
  EXPECT_EQ(plain("SummingMergeTree((a, b))"),
            "CREATE TABLE `x`.`y` (x Int8) ENGINE = SummingMergeTree((a, b)) ORDER BY x");
}

TEST(CreateStatement, ReadsViewsOfOldAndNewServers) {
  auto old_view = parse_create(
      "ATTACH MATERIALIZED VIEW otel.v ( d Date) ENGINE = SummingMergeTree ORDER BY d AS SELECT d "
      "FROM otel.l",
      "v");
  EXPECT_EQ(old_view.kind, "MATERIALIZED VIEW");
  EXPECT_EQ(create_as(old_view, kOther),
            "CREATE MATERIALIZED VIEW `x`.`y` ( d Date) ENGINE = SummingMergeTree ORDER BY d AS "
            "SELECT d FROM otel.l");
  auto new_view = parse_create(
      "CREATE MATERIALIZED VIEW otel.v UUID '1' TO INNER UUID '2' (d Date) ENGINE = MergeTree "
      "ORDER BY d AS SELECT 1",
      "v");
  EXPECT_EQ(new_view.rest, "(d Date) ENGINE = MergeTree ORDER BY d AS SELECT 1");
  auto to_table = parse_create("CREATE MATERIALIZED VIEW a.v TO a.t (d Date) AS SELECT 1", "v");
  EXPECT_EQ(to_table.rest, "TO a.t (d Date) AS SELECT 1");
  EXPECT_EQ(to_table.engine, "");
  EXPECT_EQ(parse_create("CREATE OR REPLACE VIEW a.v AS SELECT 'it''s'", "v").kind, "VIEW");
}

TEST(CreateStatement, RefusesWhatIsNone) {
  for (const char* bad :
       {"", "DROP TABLE x", "CREATE TABLE", "CREATE USER x", "CREATE",
        "CREATE TABLE a.b (x String DEFAULT 'open", "CREATE TABLE a.b )",
        "CREATE TABLE a.b ENGINE = M((x)", "CREATE OR x", "CREATE TABLE a UUID"}) {
    EXPECT_THROW(parse_create(bad, "t"), Corrupt) << bad;
  }
}

}  // namespace
}  // namespace holdfast::datastore::ch
