// Against a double: no cluster of the tests has snapshot lifecycle management. The body that is
// sent goes through Elasticsearch's own parser in tests/integration/elasticsearch_policy_test.py.
#include "datastore/elasticsearch/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datastore/elasticsearch/scripted_cluster.h"

namespace holdfast::datastore::es {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::json;

constexpr const char* kPolicy = "/_slm/policy/auto-sts-backup";

class Policy : public ::testing::Test {
 protected:
  Policy() {
    cluster.answer("GET /_slm/policy", Json::object());
    cluster.answer("PUT " + std::string(kPolicy), {{"acknowledged", true}});
    cluster.answer("PUT /_cluster/settings", {{"acknowledged", true}});
    cluster.answer("GET /_cluster/settings",
                   {{"defaults", {{"slm.retention_schedule", "0 30 1 * * ?"}}}});
  }
  // As a real cluster shows it: counts as numbers, more fields.
  void has(Json body) {
    cluster.answer("GET " + std::string(kPolicy),
                   {{"auto-sts-backup", {{"version", 3}, {"policy", std::move(body)}}}});
  }

  Context context = Context::background();
  ScriptedCluster cluster;
  PolicyOptions options;
};

TEST_F(Policy, IsMadeWhereThereIsNone) {
  EXPECT_THAT(ensure_policy(context, cluster, options), SizeIs(1));
  ASSERT_THAT(cluster.changes, SizeIs(1));
  const Json& body = cluster.changes[0].second;
  EXPECT_EQ(body.at("schedule"), "0 0 3 * * ?");
  EXPECT_EQ(body.at("name"), "<sts-backup-{now{yyyyMMdd-HHmm}}>");
  EXPECT_EQ(body.at("config").at("indices"), Json::array({"sts*"}));
  EXPECT_EQ(body.at("config").at("include_global_state"), false);
  EXPECT_EQ(body.at("retention"),
            (Json{{"expire_after", "30d"}, {"min_count", 5}, {"max_count", 30}}));
}

TEST_F(Policy, StaysWhenItIsTheSameInOtherWords) {
  Json same = policy_body(options);
  same["retention"]["min_count"] = "5";
  same["config"]["indices"] = "sts*";
  same["config"]["partial"] = false;
  has(same);
  EXPECT_THAT(ensure_policy(context, cluster, options), IsEmpty());
  EXPECT_THAT(cluster.changes, IsEmpty());
}

TEST_F(Policy, IsChangedWhenOneSettingIsAnother) {
  for (const char* setting : {"schedule", "name", "repository"}) {
    cluster.changes.clear();
    Json other = policy_body(options);
    other[setting] = "another";
    has(other);
    EXPECT_THAT(ensure_policy(context, cluster, options), SizeIs(1)) << setting;
    ASSERT_THAT(cluster.changes, SizeIs(1)) << setting;
    EXPECT_EQ(cluster.changes[0].second, policy_body(options));
  }
}

TEST_F(Policy, BringsItsRetentionSchedule) {
  has(policy_body(options));
  options.retention_schedule = "0 0 4 * * ?";
  EXPECT_THAT(ensure_policy(context, cluster, options), SizeIs(1));
  ASSERT_THAT(cluster.changes, SizeIs(1));
  EXPECT_EQ(cluster.changes[0].second.at("persistent").at("slm.retention_schedule"), "0 0 4 * * ?");
}

TEST_F(Policy, RunsAndTellsTheSnapshotsName) {
  cluster.answer("POST " + std::string(kPolicy) + "/_execute", {{"snapshot_name", "sts-backup-x"}});
  EXPECT_EQ(execute_policy(context, cluster, options), "sts-backup-x");
}

TEST_F(Policy, AutoTakesLifecycleManagementWhereItIs) {
  EXPECT_EQ(settle_mode(context, cluster, SnapshotMode::kAuto, options), SnapshotMode::kSlm);
  EXPECT_EQ(settle_mode(context, cluster, SnapshotMode::kSlm, options), SnapshotMode::kSlm);
}

TEST_F(Policy, OwnIsRefusedBesideThePolicyOnly) {
  EXPECT_EQ(settle_mode(context, cluster, SnapshotMode::kOwn, options), SnapshotMode::kOwn);
  has(policy_body(options));
  EXPECT_THROW(settle_mode(context, cluster, SnapshotMode::kOwn, options), Refused);
}

// As a cluster without the module answers: 405, the path being taken for an index's name.
class WithoutPolicies : public ScriptedCluster {
 public:
  nlohmann::json call(const Context&, const std::string& method, const std::string& path,
                      const nlohmann::json&) override {
    throw Failed(method + " " + path, "Incorrect HTTP method for uri");
  }
};

TEST_F(Policy, AutoIsOwnWhereThereIsNoLifecycleManagement) {
  WithoutPolicies plain;
  EXPECT_EQ(settle_mode(context, plain, SnapshotMode::kAuto, options), SnapshotMode::kOwn);
  EXPECT_EQ(settle_mode(context, plain, SnapshotMode::kOwn, options), SnapshotMode::kOwn);
  EXPECT_THROW(settle_mode(context, plain, SnapshotMode::kSlm, options), InvalidArgument);
}

}  // namespace
}  // namespace holdfast::datastore::es
