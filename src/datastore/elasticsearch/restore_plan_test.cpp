// Plans over data streams, against a double: no cluster of the tests has them. What a real node
// does with plain indices is in tests/integration/elasticsearch_restore_test.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datastore/elasticsearch/cluster.h"
#include "datastore/elasticsearch/delete_indices.h"
#include "datastore/elasticsearch/restore.h"
#include "datastore/elasticsearch/scripted_cluster.h"

namespace holdfast::datastore::es {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

constexpr const char* kStream = "sts_k8s_logs";
constexpr const char* kBacking = ".ds-sts_k8s_logs-2026.11.23-000001";

Json row(const std::string& name) {
  return {{"index", name}, {"uuid", "u-" + name}, {"health", "green"}, {"status", "open"},
          {"pri", "1"},    {"rep", "0"},          {"docs.count", "7"}, {"store.size", "100"}};
}

class DataStreams : public ::testing::Test {
 protected:
  DataStreams() : cluster(std::make_shared<ScriptedCluster>()) {
    store.server = cluster;
    // A folder of other machines: the double has no files of a repository.
    store.options.repository.type = "fs";
    store.options.repository.settings["location"] = Secret("/of/another/machine");
    store.options.policy.indices = {"sts*"};
    const Json bytes = {{"file_count", 1}, {"size_in_bytes", 100}};
    const Json stats = {{"stats", {{"total", bytes}}}};
    cluster->answer(
        "GET /_snapshot/sts-backup/s1",
        {{"snapshots", Json::array({{{"snapshot", "s1"},
                                     {"uuid", "x"},
                                     {"state", "SUCCESS"},
                                     {"start_time_in_millis", 1795417105322},
                                     {"indices", Json::array({"sts_m", kBacking, "other"})},
                                     {"data_streams", Json::array({kStream})},
                                     {"shards", {{"total", 3}, {"failed", 0}}}}})}});
    cluster->answer(
        "GET /_snapshot/sts-backup/s1/_status",
        {{"snapshots", Json::array({{{"stats", {{"total", bytes}}},
                                     {"shards_stats", {{"total", 3}, {"done", 3}, {"failed", 0}}},
                                     {"indices", {{"sts_m", stats}, {kBacking, stats}}}}})}});
    cluster->answer("GET /_snapshot/_status", {{"snapshots", Json::array()}});
    cluster->answer("GET /_all/_alias", Json::object());
    cluster->answer("GET /_cluster/settings", Json::object());
    cluster->answer("GET /_nodes/data:true/stats/fs", Json::object());
    has({}, {});
  }
  void has(std::vector<std::string> indices, std::vector<std::string> streams) {
    Json rows = Json::array();
    for (const std::string& name : indices) rows.push_back(row(name));
    cluster->answer("GET /_cat/indices", rows);
    Json all = Json::array();
    for (const std::string& name : streams) all.push_back({{"name", name}});
    cluster->answer("GET /_data_stream", {{"data_streams", all}});
  }
  RestorePlan plan(RestoreMode mode, bool force, std::vector<std::string> indices = {}) {
    PlanRequest request;
    request.name = "s1";
    request.mode = mode;
    request.force = force;
    request.indices = std::move(indices);
    return plan_restore(context, store, request);
  }
  static const PlanDetails& details(const RestorePlan& plan) {
    return *std::static_pointer_cast<const PlanDetails>(plan.details);
  }

  Context context = Context::background();
  std::shared_ptr<ScriptedCluster> cluster;
  Store store;
};

TEST_F(DataStreams, ComeWithWhatBacksThem) {
  const RestorePlan made = plan(RestoreMode::kStaged, false);
  EXPECT_THAT(made.conflicts, IsEmpty());
  const RestoreState& state = details(made).state;
  EXPECT_FALSE(state.swaps);
  EXPECT_THAT(state.data_streams, ElementsAre(kStream));
  ASSERT_EQ(state.indices.size(), 2u);  // what the patterns do not choose stays out
  EXPECT_EQ(state.indices[0].made, kBacking);
  EXPECT_EQ(state.indices[1].made, "sts_m");
}

TEST_F(DataStreams, ThatExistAreNotTouchedWithoutForce) {
  has({kBacking}, {kStream});
  const RestorePlan made = plan(RestoreMode::kStaged, false);
  ASSERT_FALSE(made.conflicts.empty());
  EXPECT_THAT(made.conflicts.front(), HasSubstr("--force"));
}

TEST_F(DataStreams, ThatExistAreOnlyReplacedInPlace) {
  has({kBacking, "sts_m"}, {kStream});
  const RestorePlan staged = plan(RestoreMode::kStaged, true);
  EXPECT_THAT(staged.conflicts, ::testing::Contains(HasSubstr("--in-place --force")));
  const RestorePlan in_place = plan(RestoreMode::kInPlace, true);
  EXPECT_THAT(in_place.conflicts, IsEmpty());
  EXPECT_THAT(details(in_place).data_streams_to_delete, ElementsAre(kStream));
  // What backs a stream goes with it: by itself the cluster would not delete it.
  EXPECT_THAT(details(in_place).to_delete, ElementsAre("sts_m"));
  EXPECT_NE(in_place.point_of_no_return, "");
}

TEST_F(DataStreams, AreLeftOutWhenOthersAreNamed) {
  has({}, {kStream});
  const RestorePlan made = plan(RestoreMode::kStaged, false, {"sts_m"});
  EXPECT_THAT(made.conflicts, IsEmpty());
  EXPECT_THAT(details(made).state.data_streams, IsEmpty());
}

TEST_F(DataStreams, AreDeletedBeforeTheyAreRestoredInPlace) {
  has({kBacking}, {kStream});
  cluster->answer("PUT /holdfast-restore-journal", {{"acknowledged", true}});
  cluster->answer("PUT /holdfast-restore-journal/_create/restore",
                  {{"_seq_no", 0}, {"_primary_term", 1}});
  cluster->answer("DELETE /_data_stream/" + std::string(kStream), {{"acknowledged", true}});
  cluster->answer("DELETE /holdfast-restore-journal", {{"acknowledged", true}});
  const RestorePlan made = plan(RestoreMode::kInPlace, true, {kStream});
  SilentProgress silent;
  // The double restores nothing: the run ends there, and says so.
  EXPECT_THROW(run_restore(context, store, made, silent), Error);
  std::vector<std::string> lines;
  for (const auto& [line, body] : cluster->changes) lines.push_back(line);
  ASSERT_GE(lines.size(), 4u);
  EXPECT_EQ(lines[2], "DELETE /_data_stream/" + std::string(kStream));
  EXPECT_EQ(lines[3], "POST /_snapshot/sts-backup/s1/_restore");
  EXPECT_EQ(cluster->changes[3].second.at("indices"), Json::array({kStream}));
}

TEST_F(DataStreams, ASnapshotThatRunsKeepsWhatIsThere) {
  has({"sts_m"}, {});
  cluster->answer("GET /_snapshot/_status",
                  {{"snapshots", Json::array({{{"repository", "r"}, {"snapshot", "night"}}})}});
  const RestorePlan made = plan(RestoreMode::kInPlace, true, {"sts_m"});
  EXPECT_THAT(made.conflicts, ElementsAre(HasSubstr("r:night")));
}

TEST_F(DataStreams, AreDeletedByHandAfterARollover) {
  has({kBacking, "sts_m"}, {kStream});
  cluster->answer("GET /_cat/indices/sts%2A",
                  Json::array({row(kBacking), row("sts_m"), row(".sts_of_the_system")}));
  std::vector<std::string> names;
  for (const auto& found : rows_of(context, *cluster, "sts*")) names.push_back(found.name);
  EXPECT_THAT(names, ElementsAre(kBacking, "sts_m"));
  cluster->answer("POST /sts_k8s_logs/_rollover", {{"rolled_over", true}});
  cluster->answer("DELETE /" + std::string(kBacking), {{"acknowledged", true}});
  SilentProgress silent;
  delete_by_hand(context, *cluster, {kBacking}, silent);
  ASSERT_EQ(cluster->changes.size(), 2u);
  EXPECT_EQ(cluster->changes[0].first, "POST /sts_k8s_logs/_rollover");
  EXPECT_EQ(cluster->changes[1].first, "DELETE /" + std::string(kBacking));
}

// What a snapshot's files call an index comes from the bucket.
TEST_F(DataStreams, ANameThatMeansOthersIsRefusedBeforeAnythingIsAsked) {
  cluster->answer("GET /_snapshot/sts-backup/s2",
                  {{"snapshots", Json::array({{{"snapshot", "s2"},
                                               {"state", "SUCCESS"},
                                               {"indices", Json::array({"sts_*"})},
                                               {"shards", {{"total", 1}, {"failed", 0}}}}})}});
  PlanRequest request;
  request.name = "s2";
  EXPECT_THROW(plan_restore(context, store, request), Corrupt);
  EXPECT_THROW(delete_indices(context, *cluster, {"sts_a", "sts_*"}), Corrupt);
  EXPECT_THROW(find_indices(context, *cluster, {"_all"}), Corrupt);
  EXPECT_THAT(cluster->changes, IsEmpty());
}

// Lifecycle management is in no cluster of the tests either.
TEST(TakeOver, PutsBackWhatATemporaryIndexMustNotHave) {
  IndexContents told;
  told.shards = 3;
  told.is_open = false;
  told.settings = {
      {"index.number_of_replicas", "2"},        {"index.blocks.read_only", "true"},
      {"index.lifecycle.name", "thirty-days"},  {"index.lifecycle.rollover_alias", "logs"},
      {"index.creation_date", "1795417104346"}, {"index.refresh_interval", "7s"}};
  told.aliases = {{"logs", {{"is_write_index", true}}}};
  RestoredIndex index;
  take_over(told, index);
  EXPECT_EQ(index.shards, 3u);
  EXPECT_TRUE(index.was_closed);
  EXPECT_EQ(index.aliases, told.aliases);
  // The clone brings what is not named here; its age would begin anew.
  EXPECT_THAT(index.settings,
              ElementsAre(std::pair("index.blocks.read_only", "true"),
                          std::pair("index.lifecycle.name", "thirty-days"),
                          std::pair("index.lifecycle.origination_date", "1795417104346"),
                          std::pair("index.lifecycle.rollover_alias", "logs"),
                          std::pair("index.number_of_replicas", "2")));
}

TEST(TakeOver, LeavesAnAgeThatWasSet) {
  IndexContents told;
  told.settings = {{"index.lifecycle.name", "thirty-days"},
                   {"index.lifecycle.origination_date", "1"},
                   {"index.creation_date", "2"}};
  RestoredIndex index;
  take_over(told, index);
  EXPECT_EQ(index.settings.at("index.lifecycle.origination_date"), "1");
  EXPECT_EQ(index.settings.size(), 2u);
}

}  // namespace
}  // namespace holdfast::datastore::es
