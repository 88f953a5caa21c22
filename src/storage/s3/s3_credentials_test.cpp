#include "storage/s3/s3_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/scripted_server.h"

namespace holdfast::storage {
namespace {

using support::reply;
using support::ScriptedReply;
using support::ScriptedServer;
using ::testing::HasSubstr;
using ::testing::Not;

class S3CredentialsTest : public ::testing::Test {
 protected:
  TemporaryCredentials next() {
    ++fetches_;
    if (fails_) throw Unavailable("fetch", "it is not there");
    return {{"key-" + std::to_string(fetches_), Secret("secret"), "token"},
            clock_.now() + std::chrono::hours(1)};
  }
  std::string key() { return source_->get(context_).access_key; }

  FakeClock clock_{parse_rfc3339("2026-11-22T14:31:20Z")};
  Context context_ = Context::with_clock(clock_);
  int fetches_ = 0;
  bool fails_ = false;
  std::shared_ptr<S3CredentialSource> source_ =
      refreshed_credentials([this](const Context&) { return next(); });
};

TEST_F(S3CredentialsTest, AreFetchedOnceAndAgainBeforeTheyExpire) {
  EXPECT_EQ(key(), "key-1");
  clock_.advance(std::chrono::minutes(54));
  EXPECT_EQ(key(), "key-1");
  clock_.advance(std::chrono::minutes(2));
  EXPECT_EQ(key(), "key-2");
  EXPECT_EQ(key(), "key-2");
}

TEST_F(S3CredentialsTest, ThatAreStillValidOutliveAFailedRefresh) {
  EXPECT_EQ(key(), "key-1");
  clock_.advance(std::chrono::minutes(56));
  fails_ = true;
  EXPECT_EQ(key(), "key-1");
  EXPECT_EQ(key(), "key-1");
  EXPECT_EQ(fetches_, 2) << "the next try waits a while";
  clock_.advance(std::chrono::seconds(31));
  fails_ = false;
  EXPECT_EQ(key(), "key-3");
}

TEST_F(S3CredentialsTest, ThatHaveExpiredAreNotUsed) {
  EXPECT_EQ(key(), "key-1");
  clock_.advance(std::chrono::hours(2));
  fails_ = true;
  EXPECT_THROW(key(), Unavailable);
}

TEST_F(S3CredentialsTest, AreForgottenWhenTheEndpointCallsThemExpired) {
  EXPECT_EQ(key(), "key-1");
  source_->forget();
  EXPECT_EQ(key(), "key-2");
}

TEST_F(S3CredentialsTest, FixedOnesStay) {
  auto fixed = fixed_credentials({"a", Secret("b"), ""});
  fixed->forget();
  EXPECT_EQ(fixed->get(context_).access_key, "a");
}

// STS as far as it is asked: an answer of its documented form.
std::string sts_answer(const std::string& expires) {
  return R"(<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">)"
         "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>"
         "<SecretAccessKey>temporary</SecretAccessKey><SessionToken>session</SessionToken>"
         "<Expiration>" +
         expires +
         "</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
         "</AssumeRoleWithWebIdentityResponse>";
}

class WebIdentityTest : public ::testing::Test {
 protected:
  WebIdentityTest() { write_file_durably(folder_.path() / "token", "the.web=token\n"); }
  TemporaryCredentials fetch(std::deque<ScriptedReply> replies) {
    server_ = std::make_unique<ScriptedServer>(std::move(replies));
    return fetch_with_web_identity({.role_arn = "arn:aws:iam::1:role/backup",
                                    .token_file = folder_.path() / "token",
                                    .endpoint = server_->url()})(Context::background());
  }

  TemporaryFolder folder_;
  std::unique_ptr<ScriptedServer> server_;
};

TEST_F(WebIdentityTest, SendsTheTokenAndTakesTheKeys) {
  const TemporaryCredentials got = fetch({reply(200, sts_answer("2026-11-22T15:31:20Z"))});
  EXPECT_EQ(got.credentials.access_key, "ASIAEXAMPLE");
  EXPECT_EQ(got.credentials.secret_key.reveal(), "temporary");
  EXPECT_EQ(got.credentials.session_token, "session");
  EXPECT_EQ(got.expires, parse_rfc3339("2026-11-22T15:31:20Z"));
  const auto sent = server_->requests().at(0);
  EXPECT_EQ(sent.first_line(), "POST / HTTP/1.1");
  EXPECT_EQ(sent.body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3A"
            "role%2Fbackup&RoleSessionName=holdfast&WebIdentityToken=the.web%3Dtoken");
}

TEST_F(WebIdentityTest, TellsARefusalWithoutTheToken) {
  try {
    fetch({reply(403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")});
    FAIL() << "it was refused";
  } catch (const AccessDenied& error) {
    EXPECT_THAT(error.to_string(), HasSubstr("status 403 AccessDenied"));
    EXPECT_THAT(error.to_string(), Not(HasSubstr("the.web")));
  }
}

TEST_F(WebIdentityTest, TellsPassingTroubleFromWrongAnswers) {
  EXPECT_THROW(fetch({reply(503, "")}), Unavailable);
  EXPECT_THROW(fetch({reply(429, "slow")}), Unavailable);
  EXPECT_THROW(fetch({reply(404, "<html>")}), AccessDenied);
  EXPECT_THROW(fetch({reply(200, "no xml")}), Failed);
  EXPECT_THROW(fetch({reply(200, "<a/>")}), Failed);
  EXPECT_THROW(fetch({reply(200, sts_answer("soon"))}), Failed);
}

TEST_F(WebIdentityTest, NamesTheVariableOfAMissingOrEmptyToken) {
  write_file_durably(folder_.path() / "token", "\n");
  EXPECT_THROW(fetch({}), AccessDenied);
  remove_file(folder_.path() / "token");
  try {
    fetch({});
    FAIL() << "there is no token";
  } catch (const AccessDenied& error) {
    EXPECT_THAT(error.advice(), HasSubstr("AWS_WEB_IDENTITY_TOKEN_FILE"));
  }
}

// The instance metadata service as far as it is asked: three answers of their documented forms.
constexpr std::string_view kInstanceAnswer =
    R"({"Code": "Success", "AccessKeyId": "ASIAINSTANCE", "SecretAccessKey": "inner",
        "Token": "session", "Expiration": "2026-11-22T20:00:00Z"})";

class InstanceRoleTest : public ::testing::Test {
 protected:
  TemporaryCredentials fetch(std::deque<ScriptedReply> replies) {
    server_ = std::make_unique<ScriptedServer>(std::move(replies));
    return fetch_from_instance_role({server_->url()})(Context::background());
  }

  std::unique_ptr<ScriptedServer> server_;
};

TEST_F(InstanceRoleTest, AsksForATokenThenTheRoleThenItsKeys) {
  const TemporaryCredentials got =
      fetch({reply(200, "metadata-token"), reply(200, "backup role\nother"),
             reply(200, kInstanceAnswer)});
  EXPECT_EQ(got.credentials.access_key, "ASIAINSTANCE");
  EXPECT_EQ(got.credentials.session_token, "session");
  EXPECT_EQ(got.expires, parse_rfc3339("2026-11-22T20:00:00Z"));
  const auto sent = server_->requests();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0].first_line(), "PUT /latest/api/token HTTP/1.1");
  EXPECT_THAT(sent[0].head, HasSubstr("X-aws-ec2-metadata-token-ttl-seconds: 300"));
  EXPECT_EQ(sent[1].first_line(), "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1");
  EXPECT_EQ(sent[2].first_line(),
            "GET /latest/meta-data/iam/security-credentials/backup%20role HTTP/1.1");
  EXPECT_THAT(sent[2].head, HasSubstr("X-aws-ec2-metadata-token: metadata-token"));
}

TEST_F(InstanceRoleTest, TellsWhatToDoWithoutARole) {
  try {
    fetch({reply(200, "metadata-token"), reply(404, "")});
    FAIL() << "there is no role";
  } catch (const AccessDenied& error) {
    EXPECT_THAT(error.advice(), HasSubstr("minio.s3gateway.accessKey"));
  }
  EXPECT_THROW(fetch({reply(403, "")}), AccessDenied);
  EXPECT_THROW(fetch({reply(200, "t"), reply(200, "role"), reply(200, R"({"Code": "Failed"})")}),
               AccessDenied);
  EXPECT_THROW(fetch({reply(200, "t"), reply(200, "role"), reply(200, "[]")}), Failed);
  EXPECT_THROW(fetch({reply(200, "t"), reply(200, "role"), reply(503, "")}), Unavailable);
}

}  // namespace
}  // namespace holdfast::storage
