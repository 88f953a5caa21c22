#include "app/gateway_keys.h"

#include <gtest/gtest.h>

namespace holdfast::app {
namespace {

using config::Permission;
using gateway::Verb;

config::Values values_with(config::GatewayKey key) {
  config::Values values;
  values.minio.access_key = "root";
  values.minio.secret_key = Secret("rootsecret");
  values.stackgraph.bucket_name = "sts-stackgraph";
  values.clickhouse.bucket_name = "sts-clickhouse";
  values.elasticsearch.bucket_name = "sts-elastic";
  values.victoria_metrics[0].bucket_name = values.victoria_metrics[1].bucket_name = "sts-vm";
  values.victoria_metrics[0].prefix = "victoria-metrics-0";
  values.victoria_metrics[1].prefix = "victoria-metrics-1";
  values.holdfast.catalog.bucket_name = "sts-stackgraph";
  values.holdfast.catalog.prefix = ".holdfast/";
  key.access_key = "limited";
  key.secret_key = Secret("limitedsecret");
  values.holdfast.gateway.keys.push_back(std::move(key));
  return values;
}

class GatewayKeysTest : public ::testing::Test {
 protected:
  void make(const std::string& bucket, const std::string& prefix, std::vector<Permission> allow) {
    keys_ =
        gateway_keys(values_with({.bucket = bucket, .prefix = prefix, .allow = std::move(allow)}));
  }
  bool allows(Verb verb, std::string_view bucket, std::string_view key) const {
    return gateway::Permissions(keys_.at(1), ".holdfast/").allows(verb, bucket, key);
  }
  bool reaches_lease_of(const std::string& store) const {
    return allows(Verb::kOverwrite, "sts-stackgraph", ".holdfast/leases/" + store + ".json");
  }

  std::vector<gateway::AccessKey> keys_;
};

TEST_F(GatewayKeysTest, TheRootPairComesFirst) {
  make("b", "", {Permission::kRead});
  ASSERT_EQ(keys_.size(), 2u);
  EXPECT_TRUE(keys_[0].root);
  EXPECT_EQ(keys_[0].access_key, "root");
  EXPECT_FALSE(keys_[1].root);
}

TEST_F(GatewayKeysTest, VerbsAreTakenOver) {
  make("b", "p/", {Permission::kRead, Permission::kDelete});
  EXPECT_TRUE(allows(Verb::kRead, "b", "p/k"));
  EXPECT_TRUE(allows(Verb::kDelete, "b", "p/k"));
  EXPECT_FALSE(allows(Verb::kList, "b", "p/k"));
  EXPECT_FALSE(allows(Verb::kWriteNew, "b", "p/k"));
  EXPECT_FALSE(allows(Verb::kOverwrite, "b", "p/k"));
  make("b", "p/", {Permission::kList, Permission::kWriteNew, Permission::kOverwrite});
  EXPECT_TRUE(allows(Verb::kList, "b", "p/k"));
  EXPECT_TRUE(allows(Verb::kWriteNew, "b", "p/k"));
  EXPECT_TRUE(allows(Verb::kOverwrite, "b", "p/k"));
  EXPECT_FALSE(allows(Verb::kRead, "b", "p/k"));
  EXPECT_FALSE(allows(Verb::kBypassLock, "b", "p/k"));
  make("b", "p/", {Permission::kDelete, Permission::kBypassLock});
  EXPECT_TRUE(allows(Verb::kBypassLock, "b", "p/k"));
  EXPECT_FALSE(allows(Verb::kOverwrite, "b", "p/k"));
}

TEST_F(GatewayKeysTest, AStoresPairReachesItsOwnLeaseAndRecords) {
  make("sts-vm", "victoria-metrics-0", {Permission::kWriteNew});
  EXPECT_TRUE(reaches_lease_of("victoria-metrics-0"));
  EXPECT_TRUE(
      allows(Verb::kWriteNew, "sts-stackgraph", ".holdfast/runs/victoria-metrics-0/1.json"));
  EXPECT_FALSE(reaches_lease_of("victoria-metrics-1"));
  EXPECT_FALSE(reaches_lease_of("stackgraph"));
  EXPECT_FALSE(allows(Verb::kDelete, "sts-stackgraph", ".holdfast/leases/victoria-metrics-0.json"));
}

TEST_F(GatewayKeysTest, APairForTheWholeBucketIsThatOfItsStores) {
  make("sts-vm", "", {Permission::kOverwrite});
  EXPECT_TRUE(reaches_lease_of("victoria-metrics-0"));
  EXPECT_TRUE(reaches_lease_of("victoria-metrics-1"));
  EXPECT_FALSE(reaches_lease_of("clickhouse"));
}

TEST_F(GatewayKeysTest, RetentionsPairTakesLeasesAndRemovesRecords) {
  make("", "", {Permission::kRead, Permission::kList, Permission::kDelete});
  EXPECT_TRUE(reaches_lease_of("clickhouse"));
  EXPECT_TRUE(reaches_lease_of("victoria-metrics-1"));
  EXPECT_TRUE(allows(Verb::kDelete, "sts-stackgraph", ".holdfast/runs/clickhouse/1.json"));
  EXPECT_FALSE(allows(Verb::kDelete, "sts-stackgraph", ".holdfast/leases/clickhouse.json"));
  EXPECT_FALSE(allows(Verb::kWriteNew, "sts-clickhouse", "forged"));
  make("sts-clickhouse", "", {Permission::kWriteNew, Permission::kDelete});
  EXPECT_FALSE(allows(Verb::kDelete, "sts-stackgraph", ".holdfast/runs/clickhouse/1.json"));
}

TEST_F(GatewayKeysTest, ThoseWhoOnlyReadGetNoLease) {
  make("sts-clickhouse", "", {Permission::kRead, Permission::kList});
  EXPECT_FALSE(reaches_lease_of("clickhouse"));
  make("other", "", {Permission::kWriteNew});
  EXPECT_FALSE(reaches_lease_of("clickhouse"));
}

}  // namespace
}  // namespace holdfast::app
