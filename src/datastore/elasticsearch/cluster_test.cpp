#include "datastore/elasticsearch/cluster.h"

#include <gtest/gtest.h>

#include "datastore/elasticsearch/scripted_cluster.h"

namespace holdfast::datastore::es {
namespace {

using Json = nlohmann::json;

TEST(LowWatermark, IsAShareThatIsUsedOrBytesThatAreFree) {
  EXPECT_EQ(bytes_to_leave("85%", 1000), 150u);
  EXPECT_EQ(bytes_to_leave("0.85", 1000), 150u);
  EXPECT_EQ(bytes_to_leave("50gb", 1000), 50ull << 30);
  EXPECT_EQ(bytes_to_leave("512MB", 1000), 512ull << 20);
  EXPECT_EQ(bytes_to_leave("100%", 1000), 0u);
  EXPECT_EQ(bytes_to_leave("much", 1000), 0u);
  EXPECT_EQ(bytes_to_leave("-5%", 1000), 0u);
  EXPECT_EQ(bytes_to_leave("99999999999tb", 1000), 1ull << 62);
}

Json row(const char* name, const char* status) {
  return {{"index", name}, {"uuid", "u"}, {"health", "green"}, {"status", status},
          {"pri", "2"},    {"rep", "1"},  {"docs.count", "7"}, {"store.size", "100"}};
}

class Cluster7 : public ::testing::Test {
 protected:
  Cluster7() {
    cluster.answer("GET /_cat/indices", Json::array({row("a", "open"), row("b", "close")}));
    cluster.answer(
        "GET /_all/_alias",
        {{"a", {{"aliases", {{"w", {{"is_write_index", true}}}, {"r", Json::object()}}}}},
         {"b", {{"aliases", {{"r", Json::object()}}}}}});
    cluster.answer("GET /_data_stream",
                   {{"data_streams", Json::array({{{"name", "sts_k8s_logs"}}})}});
    cluster.answer("GET /_cluster/settings",
                   {{"defaults",
                     {{"cluster.max_shards_per_node", "1000"},
                      {"cluster.routing.allocation.disk.watermark.low", "85%"}}},
                    {"transient", {{"cluster.max_shards_per_node", "10"}}}});
    const Json disk = {{"total_in_bytes", 1000}, {"available_in_bytes", 400}};
    const Json node = {{"fs", {{"total", disk}}}};
    cluster.answer("GET /_nodes/data:true/stats/fs", {{"nodes", {{"n1", node}, {"n2", node}}}});
  }
  Context context = Context::background();
  ScriptedCluster cluster;
};

TEST_F(Cluster7, IsSeenWhole) {
  const Cluster seen = look_at_cluster(context, cluster);
  EXPECT_EQ(seen.indices.size(), 2u);
  EXPECT_FALSE(seen.indices.at("b").is_open);
  EXPECT_EQ(seen.indices.at("a").documents, 7u);
  EXPECT_EQ(seen.aliases.at("w").write_index, "a");
  EXPECT_EQ(seen.aliases.at("r").indices, (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(seen.data_streams, std::set<std::string>{"sts_k8s_logs"});
  EXPECT_EQ(seen.shards, 4u);        // the closed one does not count
  EXPECT_EQ(seen.most_shards, 20u);  // what is transient wins
  EXPECT_EQ(seen.bytes_free, 500u);
  EXPECT_TRUE(seen.knows_disk);
}

TEST_F(Cluster7, ThatDoesNotLookAtItsDisksIsNotJudgedByThem) {
  cluster.answer(
      "GET /_cluster/settings",
      {{"persistent", {{"cluster.routing.allocation.disk.threshold_enabled", "false"}}}});
  const Cluster seen = look_at_cluster(context, cluster);
  EXPECT_FALSE(seen.knows_disk);
  EXPECT_EQ(seen.most_shards, 0u);
}

TEST_F(Cluster7, TellsWhyAShardIsDown) {
  const Json up = {{"shard", "0"}, {"prirep", "p"}, {"state", "STARTED"}};
  const Json down = {{"shard", "1"},
                     {"prirep", "p"},
                     {"state", "UNASSIGNED"},
                     {"unassigned.reason", "ALLOCATION_FAILED"},
                     {"unassigned.details", "failed recovery; nested: X[y]; nested: Z[blob gone]"}};
  cluster.answer("GET /_cat/shards/a", Json::array({up, down}));
  EXPECT_FALSE(primaries_are_up(context, cluster, "a"));
  EXPECT_EQ(why_down(context, cluster, "a"),
            std::vector<std::string>{"shard 1 is UNASSIGNED: Z[blob gone]"});
}

}  // namespace
}  // namespace holdfast::datastore::es
