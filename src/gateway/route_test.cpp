#include "gateway/route.h"

#include <gtest/gtest.h>
#include <set>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::VersionedGatewayTest;

// What S3 has at `resource`, by the parameter that asks for it, and the methods that S3 gives it;
// of these, the ones that are offered here.
struct SubResource {
  const char* resource;  // "" the bucket, "/k" an object
  const char* query;
  std::set<std::string> methods, offered;
};

const std::vector<SubResource> kSubResources = {
    {"", "accelerate", {"GET", "PUT"}, {"GET"}},
    {"", "acl", {"GET", "PUT"}, {"GET", "PUT"}},
    {"", "analytics", {"GET", "PUT", "DELETE"}, {}},
    {"", "cors", {"GET", "PUT", "DELETE"}, {"GET", "PUT", "DELETE"}},
    {"", "encryption", {"GET", "PUT", "DELETE"}, {"GET", "PUT", "DELETE"}},
    {"", "intelligent-tiering", {"GET", "PUT", "DELETE"}, {}},
    {"", "inventory", {"GET", "PUT", "DELETE"}, {}},
    {"", "lifecycle", {"GET", "PUT", "DELETE"}, {"GET", "PUT", "DELETE"}},
    {"", "logging", {"GET", "PUT"}, {"GET"}},
    {"", "metadataConfiguration", {"GET", "POST", "DELETE"}, {}},
    {"", "metadataInventoryTable", {"PUT"}, {}},
    {"", "metadataJournalTable", {"PUT"}, {}},
    {"", "metadataTable", {"GET", "POST", "DELETE"}, {}},
    {"", "metrics", {"GET", "PUT", "DELETE"}, {}},
    {"", "notification", {"GET", "PUT"}, {"GET"}},
    {"", "object-lock", {"GET", "PUT"}, {"GET", "PUT"}},
    {"", "ownershipControls", {"GET", "PUT", "DELETE"}, {"GET", "PUT"}},
    {"", "policy", {"GET", "PUT", "DELETE"}, {"GET"}},
    {"", "policyStatus", {"GET"}, {"GET"}},
    {"", "publicAccessBlock", {"GET", "PUT", "DELETE"}, {"GET", "PUT", "DELETE"}},
    {"", "replication", {"GET", "PUT", "DELETE"}, {"GET"}},
    {"", "requestPayment", {"GET", "PUT"}, {"GET"}},
    {"", "session", {"GET"}, {}},
    {"", "tagging", {"GET", "PUT", "DELETE"}, {"GET", "PUT", "DELETE"}},
    {"", "versioning", {"GET", "PUT"}, {"GET", "PUT"}},
    {"", "versions", {"GET"}, {"GET"}},
    {"", "website", {"GET", "PUT", "DELETE"}, {"GET"}},
    {"/k", "acl", {"GET", "PUT"}, {"GET", "PUT"}},
    {"/k", "append", {"PUT"}, {}},
    {"/k", "attributes", {"GET"}, {"GET"}},
    {"/k", "encryption", {"PUT"}, {}},
    {"/k", "legal-hold", {"GET", "PUT"}, {"GET", "PUT"}},
    {"/k", "renameObject", {"PUT"}, {}},
    {"/k", "restore", {"POST"}, {}},
    {"/k", "retention", {"GET", "PUT"}, {"GET", "PUT"}},
    {"/k", "select", {"POST"}, {}},
    {"/k", "tagging", {"GET", "PUT", "DELETE"}, {"GET", "PUT", "DELETE"}},
    {"/k", "torrent", {"GET"}, {}},
};

TEST_F(VersionedGatewayTest, WhatIsNotOfferedIsSaidNotToBe) {
  put("k", "bytes");
  for (const SubResource& each : kSubResources) {
    for (const std::string& method : each.methods) {
      const std::string target = std::string(each.resource) + "?" + each.query;
      const GatewayAnswer answer = send(method, target, method == "GET" ? "" : "<Any/>");
      const bool offered = each.offered.contains(method);
      EXPECT_EQ(answer.code() == "NotImplemented", !offered)
          << method << " " << target << ": " << answer.status << " " << answer.body;
      EXPECT_EQ(answer.status == 501, !offered) << method << " " << target;
      // Never another operation in its place.
      EXPECT_EQ(send("GET", "/k").body, "bytes") << method << " " << target;
    }
  }
}

}  // namespace
}  // namespace holdfast::gateway
