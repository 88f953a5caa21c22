#include "config/nearest.h"

#include <gtest/gtest.h>

#include "config/tree.h"

namespace holdfast::config {
namespace {

TEST(Nearest, CountsInsertionsRemovalsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("backup", "bakcup"), 2u);
  EXPECT_EQ(edit_distance("bucketname", "bucketName"), 1u);
  EXPECT_EQ(edit_distance("bucketname", "bucketName", true), 0u);
}

TEST(Nearest, LongNamesAreCut) {
  EXPECT_EQ(edit_distance(std::string(10'000, 'a'), std::string(10'000, 'b')), 256u);
}

TEST(Nearest, TheFirstOfEqualsWins) {
  EXPECT_EQ(nearest_of("ac", {"ab", "ad"}), "ab");
  EXPECT_EQ(nearest_of("ad", {"ab", "ad"}), "ad");
  EXPECT_EQ(nearest_of("x", {}), "");
}

const Branch& level_of(const Branch& tree, std::initializer_list<const char*> names) {
  const Branch* at = &tree;
  for (const char* name : names) at = &at->branches.at(name);
  return *at;
}

TEST(Tree, KnowsWhatIsWhollyOurs) {
  const Branch tree = make_tree(all_keys());
  EXPECT_FALSE(tree.ours);
  EXPECT_TRUE(level_of(tree, {"backup"}).ours);
  EXPECT_TRUE(level_of(tree, {"backup", "stackGraph", "scheduled"}).ours);
  EXPECT_FALSE(level_of(tree, {"global"}).ours);
  EXPECT_TRUE(level_of(tree, {"global", "backup"}).ours);
  EXPECT_FALSE(level_of(tree, {"global", "s3proxy"}).ours);
  EXPECT_FALSE(level_of(tree, {"minio"}).ours);
  EXPECT_FALSE(level_of(tree, {"minio", "s3gateway"}).ours);
  EXPECT_FALSE(level_of(tree, {"victoria-metrics-0"}).ours);
  EXPECT_TRUE(level_of(tree, {"victoria-metrics-0", "backup"}).ours);
  EXPECT_TRUE(level_of(tree, {"holdfast", "victoria-metrics-0"}).ours);
  EXPECT_FALSE(level_of(tree, {"clickhouse"}).ours);
}

TEST(Tree, EverySpellingAndEverySecretsFileHasItsPlace) {
  const Branch tree = make_tree(all_keys());
  EXPECT_EQ(level_of(tree, {"backup", "enabled"}).key,
            level_of(tree, {"global", "backup", "enabled"}).key);
  const Branch& file = level_of(tree, {"minio", "s3gateway", "secretKeyFile"});
  EXPECT_TRUE(file.file);
  EXPECT_EQ(file.key, level_of(tree, {"backup", "storage", "backend", "s3", "secretKeyFile"}).key);
  EXPECT_FALSE(level_of(tree, {"minio"}).branches.contains("persistenceFile"));
}

TEST(Tree, NearestPathLooksBesideFirst) {
  const Branch tree = make_tree(all_keys());
  const Branch& clickhouse = level_of(tree, {"clickhouse", "backup", "scheduled"});
  EXPECT_EQ(nearest_path(all_keys(), clickhouse, "full_shedule"),
            "clickhouse.backup.scheduled.full_schedule");
  EXPECT_EQ(nearest_path(all_keys(), clickhouse, "keep_remote"),
            "clickhouse.backup.config.keep_remote");
  EXPECT_NE(nearest_path(all_keys(), clickhouse, "somethingquitedifferent"), "");
}

TEST(Tree, SlipsAreAtMostTwoLettersAway) {
  const Branch tree = make_tree(all_keys());
  EXPECT_EQ(slip_for(tree, "bakcup"), "backup");
  EXPECT_EQ(slip_for(tree, "Backup"), "backup");
  EXPECT_EQ(slip_for(tree, "backups"), "backup");
  EXPECT_EQ(slip_for(tree, "victoria-metric-0"), "victoria-metrics-0");
  EXPECT_EQ(slip_for(tree, "back-upped"), "");
  EXPECT_EQ(slip_for(level_of(tree, {"minio"}), "s3gatway"), "minio.s3gateway");
  EXPECT_EQ(slip_for(level_of(tree, {"minio"}), "acessKey"), "minio.accessKey");
  EXPECT_EQ(slip_for(level_of(tree, {"minio"}), "b2gateway"), "") << "a real key of that chart";
  EXPECT_EQ(slip_for(level_of(tree, {"minio"}), "resources"), "");
  EXPECT_EQ(slip_for(level_of(tree, {"clickhouse"}), "replicaCount"), "");
}

}  // namespace
}  // namespace holdfast::config
