#include "gateway/gateway.h"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/error.h"
#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::GatewayBench;
using support::GatewayClient;
using support::GatewayTest;

TEST_F(GatewayTest, HealthNeedsNoSignature) {
  for (const char* path :
       {"/-/health", "/minio/health/live", "/minio/health/ready", "/-/health?verbose"}) {
    EXPECT_EQ(root.send({.target = path, .anonymous = true}).status, 200) << path;
    GatewayAnswer head = root.send({.method = "HEAD", .target = path, .anonymous = true});
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.body, "");
  }
  EXPECT_EQ(root.send({.method = "PUT", .target = "/minio/health/live", .anonymous = true}).status,
            403);
}

TEST_F(GatewayTest, VirtualHostsNameBuckets) {
  GatewayBench bench({.domain = "s3.local"});
  auto send = [&](std::string method, std::string target, std::string body) {
    return bench.root.send({.method = std::move(method),
                            .target = std::move(target),
                            .body = std::move(body),
                            .host = "my-bucket.s3.local:9000"});
  };
  EXPECT_EQ(send("PUT", "/", "").status, 200);
  EXPECT_EQ(send("PUT", "/dir/k", "x").status, 200);
  EXPECT_EQ(send("GET", "/dir/k", "").body, "x");
  EXPECT_EQ(send("GET", "/?list-type=2", "").xml().child_text("KeyCount"), "1");
  EXPECT_EQ(bench.root.send("GET", "/my-bucket/dir/k").body, "x");
}

TEST_F(GatewayTest, MethodsAndSubResourcesThatNobodyOffersAreRefused) {
  EXPECT_EQ(root.send("PATCH", "/bucket/k").status, 405);
  EXPECT_EQ(root.send("POST", "/bucket").code(), "NotImplemented");
  EXPECT_EQ(root.send("PUT", "/").code(), "MethodNotAllowed");
  EXPECT_EQ(root.send("PATCH", "/bucket/k").status, 405);
  EXPECT_EQ(root.send("POST", "/bucket/k?restore").code(), "NotImplemented");
  EXPECT_EQ(root.send("POST", "/bucket/k?select&select-type=2").code(), "NotImplemented");
  EXPECT_EQ(root.send("PUT", "/bucket/k?legal-hold", "x").code(), "NotImplemented");
  EXPECT_EQ(root.send("GET", "/bucket/k").code(), "NoSuchKey");
}

// Newer SDKs add parameters that only name the operation.
TEST_F(GatewayTest, ParametersThatMeanNothingAreIgnored) {
  EXPECT_EQ(root.send("PUT", "/bucket/k?x-id=PutObject", "x").status, 200);
  EXPECT_EQ(get("k?x-id=GetObject").body, "x");
}

TEST_F(GatewayTest, MalformedTargetsAreRefused) {
  for (const char* target : {"/bucket/%zz", "*", "/bucket?a=%g"}) {
    http::ServerRequest request = root.sign({.target = "/bucket/k"});
    request.target = target;
    EXPECT_EQ(root.deliver(request).code(), "InvalidURI") << target;
  }
}

TEST_F(GatewayTest, AnswersManyAtOnce) {
  std::vector<std::thread> clients;
  std::atomic<int> wrong{0};
  for (int number = 0; number < 4; ++number) {
    clients.emplace_back([&, number] {
      GatewayClient client(gateway, clock);
      const std::string target = "/bucket/" + std::to_string(number);
      for (int round = 0; round < 50; ++round) {
        const std::string body = std::to_string(number * 1000 + round);
        if (client.send("PUT", target, body).status != 200) ++wrong;
        if (client.send("GET", target).body != body) ++wrong;
        if (client.send("GET", "/bucket?list-type=2").status != 200) ++wrong;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Gateway, KeysMustDiffer) {
  auto storage = storage::make_memory_storage();
  AccessKey key{"root", Secret("a"), true, {}};
  EXPECT_THROW(Gateway({.keys = {key, key}}, *storage), InvalidArgument);
}

}  // namespace
}  // namespace holdfast::gateway
