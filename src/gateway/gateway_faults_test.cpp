#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "gateway/gateway.h"
#include "storage/wrap/wrap.h"
#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::GatewayBench;
using support::GatewayClient;
using ::testing::HasSubstr;
using ::testing::Not;

class FaultyGatewayTest : public ::testing::Test {
 protected:
  FakeClock clock_{parse_rfc3339("2026-11-22T14:31:20Z")};
  std::function<void()> fault_ = [] {};
  std::unique_ptr<storage::Storage> storage_ =
      storage::with_faults(storage::make_memory_storage(),
                           [this](std::string_view, const storage::ObjectRef&) { fault_(); });
  Gateway gateway_{GatewayBench::with_root({}), *storage_};
  GatewayClient root_{gateway_, clock_};
};

TEST_F(FaultyGatewayTest, ReadinessFollowsTheStorageAndLifeDoesNot) {
  fault_ = [] { throw Unavailable("list buckets", "the disk is away"); };
  EXPECT_EQ(root_.send({.target = "/minio/health/ready", .anonymous = true}).status, 503);
  EXPECT_EQ(root_.send({.target = "/-/health", .anonymous = true}).status, 503);
  EXPECT_EQ(root_.send({.target = "/minio/health/live", .anonymous = true}).status, 200);
}

TEST_F(FaultyGatewayTest, TroubleOfTheStorageBecomesTheRightAnswer) {
  root_.send("PUT", "/bucket");
  fault_ = [] { throw Unavailable("put", "the disk /srv is away"); };
  GatewayAnswer answer = root_.send("PUT", "/bucket/k", "x");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "SlowDown");
  EXPECT_THAT(answer.body, Not(HasSubstr("/srv")));
  fault_ = [] { throw NoSpace("put", "/srv is full"); };
  EXPECT_EQ(root_.send("PUT", "/bucket/k", "x").status, 507);
  fault_ = [] { throw std::runtime_error("a surprise in /srv"); };
  answer = root_.send("GET", "/bucket/k");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.code(), "InternalError");
  EXPECT_THAT(answer.body, Not(HasSubstr("/srv")));
  EXPECT_EQ(answer.xml().child_text("RequestId"), answer.header("x-amz-request-id"));
}

TEST(Gateway, AReadOnlyStorageRefusesWritesPlainly) {
  FakeClock clock{parse_rfc3339("2026-11-22T14:31:20Z")};
  auto storage = storage::with_read_only(storage::make_memory_storage());
  Gateway gateway(GatewayBench::with_root({}), *storage);
  GatewayClient root(gateway, clock);
  EXPECT_EQ(root.send("PUT", "/bucket").status, 403);
}

}  // namespace
}  // namespace holdfast::gateway
