#include "gateway/write_gate.h"

#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::GatewayBench;
using support::GatewayClient;

GatewayOptions limited(VerbSet verbs) {
  return {.keys = {{"limited", Secret("limitedsecret"), false, {{"bucket", "in/", verbs}}}}};
}

class WriteGateTest : public ::testing::Test {
 protected:
  void start(VerbSet verbs) {
    bench_ = std::make_unique<GatewayBench>(limited(verbs));
    client_ =
        std::make_unique<GatewayClient>(bench_->gateway, bench_->clock, "limited", "limitedsecret");
    bench_->root.send("PUT", "/bucket");
    bench_->root.send("PUT", "/bucket/in/old", "old");
  }
  int put(const std::string& key, codec::Headers headers = {}) {
    return client_->send("PUT", "/bucket/" + key, "new", std::move(headers)).status;
  }
  std::string body(const std::string& key) {
    return bench_->root.send("GET", "/bucket/" + key).body;
  }

  std::unique_ptr<GatewayBench> bench_;
  std::unique_ptr<GatewayClient> client_;
};

TEST_F(WriteGateTest, AKeyThatOnlyCreatesCannotReplace) {
  start({Verb::kWriteNew});
  EXPECT_EQ(put("in/new"), 200);
  EXPECT_EQ(put("in/new"), 403);
  EXPECT_EQ(put("in/old"), 403);
  EXPECT_EQ(put("in/old", {{"If-None-Match", "*"}}), 412);
  EXPECT_EQ(put("in/old", {{"If-Match", "*"}}), 403);
  EXPECT_EQ(body("in/old"), "old");
  EXPECT_EQ(
      client_->send("PUT", "/bucket/in/old", "", {{"x-amz-copy-source", "bucket/in/new"}}).status,
      403);
}

TEST_F(WriteGateTest, AKeyThatOnlyReplacesCannotCreate) {
  start({Verb::kOverwrite});
  EXPECT_EQ(put("in/new"), 403);
  EXPECT_EQ(put("in/new", {{"If-None-Match", "*"}}), 403);
  EXPECT_EQ(put("in/old"), 200);
  EXPECT_EQ(put("in/old", {{"If-Match", "\"x\""}}), 412);
  EXPECT_EQ(body("in/old"), "new");
}

TEST_F(WriteGateTest, NothingOutsideOfThePrefixIsReached) {
  start(VerbSet::all());
  EXPECT_EQ(put("in/new"), 200);
  EXPECT_EQ(put("out"), 403);
  EXPECT_EQ(client_->send("GET", "/bucket/out").code(), "AccessDenied");
  EXPECT_EQ(client_->send("HEAD", "/bucket/out").status, 403);
  EXPECT_EQ(client_->send("DELETE", "/bucket/out").status, 403);
  EXPECT_EQ(client_->send("GET", "/bucket").status, 403);
  EXPECT_EQ(client_->send("GET", "/bucket?prefix=in/").status, 200);
  EXPECT_EQ(client_->send("GET", "/bucket?uploads").status, 403);
  EXPECT_EQ(client_->send("POST", "/bucket/out?uploads").status, 403);
  EXPECT_EQ(client_->send("PUT", "/bucket/in/c", "", {{"x-amz-copy-source", "bucket/out"}}).status,
            403);
  EXPECT_EQ(client_->send("PUT", "/other").status, 403);
  EXPECT_EQ(client_->send("DELETE", "/bucket").status, 403);
  EXPECT_EQ(client_->send("HEAD", "/bucket").status, 200);
  EXPECT_EQ(client_->send("HEAD", "/other").status, 403);
  GatewayAnswer answer = client_->send(
      "POST", "/bucket?delete",
      "<Delete><Object><Key>in/new</Key></Object><Object><Key>out</Key></Object></Delete>");
  EXPECT_EQ(answer.xml().child("Deleted")->child_text("Key"), "in/new");
  EXPECT_EQ(answer.xml().child("Error")->child_text("Code"), "AccessDenied");
}

TEST_F(WriteGateTest, OnlyItsOwnBucketsAreListed) {
  start({Verb::kRead});
  bench_->root.send("PUT", "/other");
  const codec::XmlElement document = client_->send("GET", "/").xml();
  ASSERT_EQ(document.child("Buckets")->children.size(), 1u);
  EXPECT_EQ(document.child("Buckets")->children[0].child_text("Name"), "bucket");
}

TEST_F(WriteGateTest, AnUploadIsBoundByTheSameLimits) {
  start({Verb::kWriteNew});
  const std::string id =
      client_->send("POST", "/bucket/in/old?uploads").xml().child_text("UploadId");
  ASSERT_NE(id, "");
  const std::string etag =
      client_->send("PUT", "/bucket/in/old?partNumber=1&uploadId=" + id, "x").header("etag");
  GatewayAnswer answer =
      client_->send("POST", "/bucket/in/old?uploadId=" + id,
                    "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + etag +
                        "</ETag></Part></CompleteMultipartUpload>");
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(body("in/old"), "old");
  EXPECT_EQ(client_->send("DELETE", "/bucket/in/old?uploadId=" + id).status, 204);
}

TEST_F(WriteGateTest, AStoresKeyReachesItsOwnLeaseOnly) {
  GatewayOptions options = limited(VerbSet::all());
  options.keys[0].grants = {{"bucket", "", VerbSet::all()}};
  for (const Grant& grant : catalog_grants("bucket", ".holdfast/", "clickhouse")) {
    options.keys[0].grants.push_back(grant);
  }
  bench_ = std::make_unique<GatewayBench>(options);
  client_ =
      std::make_unique<GatewayClient>(bench_->gateway, bench_->clock, "limited", "limitedsecret");
  bench_->root.send("PUT", "/bucket");
  EXPECT_EQ(put("anything"), 200);
  EXPECT_EQ(put(".holdfast/leases/clickhouse.json"), 200);
  EXPECT_EQ(put(".holdfast/leases/stackgraph.json"), 403);
  EXPECT_EQ(client_->send("DELETE", "/bucket/.holdfast/leases/clickhouse.json").status, 403);
}

}  // namespace
}  // namespace holdfast::gateway
