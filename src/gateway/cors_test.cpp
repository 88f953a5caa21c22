#include "gateway/cors.h"

#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::GatewayRequest;
using support::VersionedGatewayTest;

class CorsTest : public VersionedGatewayTest {
 protected:
  std::string set(const std::string& rules) {
    return send("PUT", "?cors", "<CORSConfiguration>" + rules + "</CORSConfiguration>").code();
  }
  GatewayAnswer ask(codec::Headers headers) {
    return root.send({.method = "OPTIONS",
                      .target = "/bucket/k",
                      .headers = std::move(headers),
                      .anonymous = true});
  }
};

const std::string kRules =
    "<CORSRule><AllowedOrigin>https://*.example.org</AllowedOrigin>"
    "<AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>"
    "<AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>"
    "<MaxAgeSeconds>60</MaxAgeSeconds></CORSRule>"
    "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>";

TEST_F(CorsTest, AConfigurationIsCheckedKeptAndRemoved) {
  EXPECT_EQ(send("GET", "?cors").code(), "NoSuchCORSConfiguration");
  EXPECT_EQ(set(kRules), "");
  EXPECT_EQ(send("GET", "?cors").xml().children.size(), 2u);
  const std::string get = "<AllowedMethod>GET</AllowedMethod>";
  EXPECT_EQ(set("<CORSRule><AllowedOrigin>*.*</AllowedOrigin>" + get + "</CORSRule>"),
            "InvalidRequest");
  EXPECT_EQ(set("<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PATCH</AllowedMethod>"
                "</CORSRule>"),
            "InvalidRequest");
  EXPECT_EQ(set("<CORSRule>" + get + "</CORSRule>"), "MalformedXML");
  EXPECT_EQ(set("<CORSRule><AllowedOrigin>a\nSet-Cookie: b</AllowedOrigin>" + get + "</CORSRule>"),
            "InvalidRequest");
  EXPECT_EQ(set(""), "MalformedXML");
  EXPECT_EQ(send("DELETE", "?cors").status, 204);
  EXPECT_EQ(send("GET", "?cors").code(), "NoSuchCORSConfiguration");
}

TEST_F(CorsTest, APreflightIsAnsweredByTheFirstRuleThatAllowsIt) {
  set(kRules);
  GatewayAnswer answer = ask({{"Origin", "https://a.example.org"},
                              {"Access-Control-Request-Method", "PUT"},
                              {"Access-Control-Request-Headers", "X-Amz-Date, x-amz-acl"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://a.example.org");
  EXPECT_EQ(answer.header("Access-Control-Allow-Methods"), "GET, PUT");
  EXPECT_EQ(answer.header("Access-Control-Allow-Headers"), "x-amz-date, x-amz-acl");
  EXPECT_EQ(answer.header("Access-Control-Max-Age"), "60");
  answer = ask({{"Origin", "https://other.org"}, {"Access-Control-Request-Method", "GET"}});
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "*");
  for (const codec::Headers& refused :
       {codec::Headers{{"Origin", "https://other.org"}, {"Access-Control-Request-Method", "PUT"}},
        codec::Headers{{"Origin", "https://a.example.org"},
                       {"Access-Control-Request-Method", "PUT"},
                       {"Access-Control-Request-Headers", "content-type"}}}) {
    answer = ask(refused);
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(answer.code(), "AccessForbidden");
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
  }
  EXPECT_EQ(ask({{"Origin", "https://a.example.org"}}).status, 400);
  EXPECT_EQ(ask({}).status, 400);
}

TEST_F(CorsTest, AnswersAreReadableWhereARuleAllowsIt) {
  set(kRules);
  put("k", "1");
  GatewayAnswer answer = send("GET", "/k", "", {{"Origin", "https://a.example.org"}});
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://a.example.org");
  EXPECT_EQ(answer.header("Access-Control-Expose-Headers"), "ETag");
  answer = send("GET", "/none", "", {{"Origin", "https://a.example.org"}});
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://a.example.org");
  EXPECT_EQ(send("DELETE", "/k", "", {{"Origin", "https://a.example.org"}})
                .header("Access-Control-Allow-Origin"),
            "");
  EXPECT_EQ(send("GET", "/none").header("Access-Control-Allow-Origin"), "");
}

TEST_F(CorsTest, WithoutRulesNothingIsAllowed) {
  EXPECT_EQ(ask({{"Origin", "https://a.org"}, {"Access-Control-Request-Method", "GET"}}).status,
            403);
  put("k", "1");
  EXPECT_EQ(
      send("GET", "/k", "", {{"Origin", "https://a.org"}}).header("Access-Control-Allow-Origin"),
      "");
}

}  // namespace
}  // namespace holdfast::gateway
