#include "gateway/auth/access_key.h"

#include <gtest/gtest.h>

namespace holdfast::gateway {
namespace {

constexpr std::string_view kCatalog = ".holdfast/";

TEST(AccessKey, RootMayDoEverything) {
  AccessKey root{"root", Secret("s"), true, {}};
  Permissions permissions(root, kCatalog);
  EXPECT_TRUE(permissions.allows(Verb::kDelete, "any", ".holdfast/leases/x.json"));
  EXPECT_TRUE(permissions.allows_list("any", ""));
  EXPECT_TRUE(permissions.allows_bucket(Verb::kWriteNew, "any"));
}

TEST(AccessKey, WithoutGrantsNothingIsAllowed) {
  AccessKey key{"k", Secret("s"), false, {}};
  Permissions permissions(key, kCatalog);
  EXPECT_FALSE(permissions.allows(Verb::kRead, "b", "k"));
  EXPECT_FALSE(permissions.sees_bucket("b"));
  EXPECT_FALSE(permissions.allows_bucket(Verb::kDelete, "b"));
}

TEST(AccessKey, IsHeldToBucketPrefixAndVerb) {
  AccessKey key{
      "k", Secret("s"), false, {{"vm", "victoria-metrics-0", {Verb::kRead, Verb::kList}}}};
  Permissions permissions(key, kCatalog);
  EXPECT_TRUE(permissions.allows(Verb::kRead, "vm", "victoria-metrics-0-2026/part"));
  EXPECT_FALSE(permissions.allows(Verb::kRead, "vm", "victoria-metrics-1-2026/part"));
  EXPECT_FALSE(permissions.allows(Verb::kRead, "vm2", "victoria-metrics-0-2026/part"));
  EXPECT_FALSE(permissions.allows(Verb::kDelete, "vm", "victoria-metrics-0-2026/part"));
  EXPECT_TRUE(permissions.allows_list("vm", "victoria-metrics-0-2026/"));
  EXPECT_FALSE(permissions.allows_list("vm", ""));
  EXPECT_FALSE(permissions.allows_list("vm", "victoria"));
  EXPECT_TRUE(permissions.sees_bucket("vm"));
  EXPECT_FALSE(permissions.sees_bucket("vm2"));
  EXPECT_FALSE(permissions.allows_bucket(Verb::kRead, "vm"));
}

TEST(AccessKey, AGrantForAWholeBucketDoesNotReachTheCatalog) {
  AccessKey key{"k", Secret("s"), false, {{"b", "", VerbSet::all()}}};
  for (const Grant& grant : catalog_grants("b", ".holdfast/", "clickhouse"))
    key.grants.push_back(grant);
  Permissions permissions(key, kCatalog);
  EXPECT_TRUE(permissions.allows(Verb::kDelete, "b", "backup/x"));
  EXPECT_TRUE(permissions.allows_bucket(Verb::kWriteNew, "b"));
  EXPECT_TRUE(permissions.allows(Verb::kOverwrite, "b", ".holdfast/leases/clickhouse.json"));
  EXPECT_TRUE(permissions.allows(Verb::kWriteNew, "b", ".holdfast/runs/clickhouse/1.json"));
  EXPECT_FALSE(permissions.allows(Verb::kDelete, "b", ".holdfast/runs/clickhouse/1.json"));
  EXPECT_FALSE(permissions.allows(Verb::kRead, "b", ".holdfast/leases/stackgraph.json"));
  EXPECT_FALSE(permissions.allows(Verb::kRead, "other", ".holdfast/leases/clickhouse.json"));
}

}  // namespace
}  // namespace holdfast::gateway
