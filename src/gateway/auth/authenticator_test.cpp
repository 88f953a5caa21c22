#include "gateway/auth/authenticator.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::GatewayTest;
using support::Payload;

template <class Function>
std::string code_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error.code();
  }
  return "nothing thrown";
}

class AuthenticatorTest : public ::testing::Test {
 protected:
  codec::SignedRequest signed_request(std::string access_key = "key",
                                      std::string secret = "secret") {
    codec::SignedRequest request{"GET", "/b/a b", {{"list-type", "2"}}, {{"Host", "h"}}};
    codec::add_authorization(request, {std::move(access_key), Secret(std::move(secret)), ""},
                             "eu-west-9", now_, codec::kUnsignedPayload);
    return request;
  }
  std::string verify(const codec::SignedRequest& request, Duration later = {}) {
    return code_of([&] {
      authenticator_.authenticate(request,
                                  now_ + std::chrono::duration_cast<WallTime::duration>(later));
    });
  }

  WallTime now_ = parse_rfc3339("2026-11-22T23:59:00Z");
  Authenticator authenticator_{{{"key", Secret("secret"), true, {}}}, std::chrono::minutes(15)};
};

TEST_F(AuthenticatorTest, AcceptsARightSignatureOfAnyRegion) {
  Identity identity = authenticator_.authenticate(signed_request(), now_);
  EXPECT_EQ(identity.key->access_key, "key");
  EXPECT_EQ(identity.claim.scope.region, "eu-west-9");
  EXPECT_EQ(identity.signing_key, codec::signing_key(Secret("secret"), identity.claim.scope));
}

TEST_F(AuthenticatorTest, TellsWhatIsWrong) {
  EXPECT_EQ(verify(signed_request("key", "wrong")), "SignatureDoesNotMatch");
  EXPECT_EQ(verify(signed_request("nobody")), "InvalidAccessKeyId");
  EXPECT_EQ(verify({"GET", "/", {}, {{"Host", "h"}}}), "AccessDenied");
  EXPECT_EQ(verify({"GET", "/", {}, {{"Host", "h"}, {"Authorization", "AWS key:c2lnbmF0dXJl"}}}),
            "InvalidRequest");
  EXPECT_EQ(verify({"GET", "/", {{"AWSAccessKeyId", "k"}, {"Signature", "s"}}, {{"Host", "h"}}}),
            "InvalidRequest");
}

TEST_F(AuthenticatorTest, EveryPartOfTheRequestIsCovered) {
  codec::SignedRequest request = signed_request();
  request.method = "PUT";
  EXPECT_EQ(verify(request), "SignatureDoesNotMatch");
  request = signed_request();
  request.path = "/b/other";
  EXPECT_EQ(verify(request), "SignatureDoesNotMatch");
  request = signed_request();
  request.query.emplace_back("acl", "");
  EXPECT_EQ(verify(request), "SignatureDoesNotMatch");
  request = signed_request();
  request.headers[0].second = "elsewhere";
  EXPECT_EQ(verify(request), "SignatureDoesNotMatch");
}

TEST_F(AuthenticatorTest, AHeaderAddedOnTheWayIsRefused) {
  codec::SignedRequest request = signed_request();
  request.headers.emplace_back("X-Amz-Copy-Source", "/private/key");
  EXPECT_EQ(verify(request), "AccessDenied");
  request = signed_request();
  request.headers.emplace_back("User-Agent", "anything");
  EXPECT_EQ(verify(request), "nothing thrown");
}

TEST_F(AuthenticatorTest, TheClockMayBeOffByAQuarterOfAnHour) {
  const codec::SignedRequest request = signed_request();
  EXPECT_EQ(verify(request, std::chrono::minutes(15)), "nothing thrown");
  EXPECT_EQ(verify(request, -std::chrono::minutes(15)), "nothing thrown");
  EXPECT_EQ(verify(request, std::chrono::seconds(901)), "RequestTimeTooSkewed");
  EXPECT_EQ(verify(request, -std::chrono::seconds(901)), "RequestTimeTooSkewed");
}

TEST_F(AuthenticatorTest, LinksEndWhenTheySay) {
  codec::SignedRequest request{"GET", "/b/k", {}, {{"Host", "h"}}};
  auto query = codec::parse_query(
      codec::presign(request, {"key", Secret("secret"), ""}, "us-east-1", now_, 60));
  request.query = query.value();
  EXPECT_EQ(verify(request), "nothing thrown");
  EXPECT_EQ(verify(request, std::chrono::seconds(60)), "nothing thrown");
  EXPECT_EQ(verify(request, std::chrono::seconds(61)), "AccessDenied");
  EXPECT_EQ(verify(request, -std::chrono::minutes(15)), "nothing thrown");
  EXPECT_EQ(verify(request, -std::chrono::minutes(16)), "AccessDenied");
}

TEST_F(AuthenticatorTest, RefusesKeysThatCannotBeTold) {
  AccessKey key{"key", Secret("secret"), true, {}};
  EXPECT_THROW(Authenticator({key, key}, {}), InvalidArgument);
  EXPECT_THROW(Authenticator({{"", Secret("secret"), true, {}}}, {}), InvalidArgument);
  EXPECT_THROW(Authenticator({{"key", Secret(), true, {}}}, {}), InvalidArgument);
}

TEST(SigningKeyCache, HoldsABoundedNumberOfRightKeys) {
  SigningKeyCache cache;
  AccessKey key{"key", Secret("secret"), true, {}};
  codec::Scope scope{"20261122", "r", "s3"};
  const std::string expected = codec::signing_key(key.secret_key, scope);
  EXPECT_EQ(cache.get(key, scope), expected);
  EXPECT_EQ(cache.get(key, scope), expected);
  EXPECT_EQ(cache.size(), 1u);
  for (std::size_t i = 0; i < 2 * SigningKeyCache::kMost; ++i) {
    scope.region = std::to_string(i);
    cache.get(key, scope);
  }
  EXPECT_LE(cache.size(), SigningKeyCache::kMost);
  scope.region = "r";
  EXPECT_EQ(cache.get(key, scope), expected);
}

TEST_F(GatewayTest, WaysOfSigningAllLeadToTheSameObject) {
  const std::string body = "forty-two bytes that come in several chunks";
  for (Payload payload : {Payload::kSigned, Payload::kUnsigned, Payload::kChunked,
                          Payload::kUnsignedTrailer, Payload::kPresigned}) {
    ASSERT_EQ(root.send({.method = "PUT", .target = "/bucket/k", .body = body, .payload = payload})
                  .status,
              200);
    EXPECT_EQ(get("k").body, body);
    EXPECT_EQ(get("k").header("content-encoding"), "");
    root.send("DELETE", "/bucket/k");
  }
}

TEST_F(GatewayTest, AnonymousAndWrongKeysGetNothing) {
  put("k", "secret");
  EXPECT_EQ(root.send({.target = "/bucket/k", .anonymous = true}).code(), "AccessDenied");
  support::GatewayClient wrong(gateway, clock, "root", "guess");
  GatewayAnswer answer = wrong.send("GET", "/bucket/k");
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.code(), "SignatureDoesNotMatch");
  EXPECT_EQ(answer.body.find("rootsecret"), std::string::npos);
  clock.jump_wall(std::chrono::hours(1));
  http::ServerRequest old = root.sign({.target = "/bucket/k"});
  clock.jump_wall(std::chrono::hours(1));
  EXPECT_EQ(root.deliver(old).code(), "RequestTimeTooSkewed");
}

}  // namespace
}  // namespace holdfast::gateway
