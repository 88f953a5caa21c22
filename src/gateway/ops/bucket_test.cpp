#include "gateway/ops/bucket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::GatewayTest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(GatewayTest, CreatesListsAndDeletesBuckets) {
  EXPECT_EQ(root.send("PUT", "/another", "", {{"x-amz-acl", "private"}}).status, 200);
  GatewayAnswer answer = root.send("GET", "/");
  ASSERT_EQ(answer.status, 200);
  const codec::XmlElement document = answer.xml();
  EXPECT_EQ(document.name, "ListAllMyBucketsResult");
  const codec::XmlElement* buckets = document.child("Buckets");
  ASSERT_EQ(buckets->children.size(), 2u);
  EXPECT_EQ(buckets->children[0].child_text("Name"), "another");
  EXPECT_THAT(buckets->children[0].child_text("CreationDate"), HasSubstr("T"));
  EXPECT_EQ(root.send("HEAD", "/another").status, 200);
  EXPECT_EQ(root.send("HEAD", "/another").header("x-amz-bucket-region"), "us-east-1");
  EXPECT_EQ(root.send("DELETE", "/another").status, 204);
  EXPECT_EQ(root.send("HEAD", "/another").status, 404);
  EXPECT_EQ(root.send("DELETE", "/another").code(), "NoSuchBucket");
}

TEST_F(GatewayTest, BucketsAreListedInPages) {
  for (const char* name : {"/logs-1", "/logs-2", "/logs-3"}) root.send("PUT", name);
  auto names = [](const codec::XmlElement& document) {
    std::vector<std::string> found;
    for (const codec::XmlElement& bucket : document.child("Buckets")->children) {
      found.push_back(bucket.child_text("Name"));
    }
    return found;
  };
  codec::XmlElement page = root.send("GET", "/?prefix=logs&max-buckets=2").xml();
  EXPECT_THAT(names(page), ElementsAre("logs-1", "logs-2"));
  EXPECT_EQ(page.child_text("Prefix"), "logs");
  const std::string token =
      codec::uri_encode(page.child_text("ContinuationToken"), codec::Slash::kEncode);
  page = root.send("GET", "/?prefix=logs&max-buckets=2&continuation-token=" + token).xml();
  EXPECT_THAT(names(page), ElementsAre("logs-3"));
  EXPECT_EQ(page.child("ContinuationToken"), nullptr);
  for (const char* bad : {"/?max-buckets=0", "/?max-buckets=x", "/?continuation-token=%21"}) {
    EXPECT_EQ(root.send("GET", bad).code(), "InvalidArgument") << bad;
  }
}

TEST_F(GatewayTest, ABucketIsCreatedOnceAndDeletedEmpty) {
  GatewayAnswer answer = root.send("PUT", "/bucket");
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.code(), "BucketAlreadyOwnedByYou");
  put("k", "x");
  answer = root.send("DELETE", "/bucket");
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.code(), "BucketNotEmpty");
  EXPECT_EQ(get("k").body, "x");
}

TEST_F(GatewayTest, CreatingTakesALocationAndRefusesTheRest) {
  const std::string location =
      "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
  EXPECT_EQ(root.send("PUT", "/located", location).status, 200);
  EXPECT_EQ(root.send("PUT", "/wrong", "<Rubbish/>").code(), "MalformedXML");
  EXPECT_EQ(root.send("PUT", "/wrong", "", {{"x-amz-acl", "public-read"}}).code(),
            "AccessControlListNotSupported");
  EXPECT_EQ(root.send("PUT", "/wrong", "", {{"x-amz-bucket-object-lock-enabled", "true"}}).code(),
            "NotImplemented");
  EXPECT_EQ(root.send("PUT", "/Wrong").code(), "InvalidBucketName");
  EXPECT_EQ(root.send("PUT", "/ab").code(), "InvalidBucketName");
  for (const char* name : {"192.168.5.4", "one-.two", "xn--one", "one-s3alias"}) {
    EXPECT_EQ(root.send("PUT", std::string("/") + name).code(), "InvalidBucketName") << name;
  }
  EXPECT_EQ(root.send("PUT", "/192.168.5").status, 200);
  EXPECT_EQ(root.send("HEAD", "/wrong").status, 404);
}

TEST_F(GatewayTest, TellsTheLocation) {
  EXPECT_EQ(root.send("GET", "/bucket?location").xml().text, "");
  EXPECT_EQ(root.send("GET", "/nowhere?location").code(), "NoSuchBucket");
  support::GatewayBench other({.region = "eu-central-1"});
  other.root.send("PUT", "/bucket");
  EXPECT_EQ(other.root.send("GET", "/bucket?location").xml().text, "eu-central-1");
}

// Elasticsearch 7 (AWS SDK v1) decides by this answer whether a bucket exists, and needs the type
// of the grantee.
TEST_F(GatewayTest, TheOwnerHasFullControl) {
  GatewayAnswer answer = root.send("GET", "/bucket?acl");
  EXPECT_EQ(answer.xml().name, "AccessControlPolicy");
  EXPECT_THAT(answer.body, HasSubstr("xsi:type=\"CanonicalUser\""));
  EXPECT_THAT(answer.body, HasSubstr("<Permission>FULL_CONTROL</Permission>"));
  EXPECT_EQ(root.send("GET", "/nowhere?acl").code(), "NoSuchBucket");
}

TEST_F(GatewayTest, SettingsThatAreNotSetSaySo) {
  struct Case {
    std::string query;
    int status;
    std::string code;
  };
  for (const Case& wanted :
       {Case{"policy", 404, "NoSuchBucketPolicy"}, Case{"policyStatus", 200, ""},
        Case{"lifecycle", 404, "NoSuchLifecycleConfiguration"},
        Case{"cors", 404, "NoSuchCORSConfiguration"}, Case{"tagging", 404, "NoSuchTagSet"},
        Case{"encryption", 404, "ServerSideEncryptionConfigurationNotFoundError"},
        Case{"object-lock", 404, "ObjectLockConfigurationNotFoundError"},
        Case{"publicAccessBlock", 404, "NoSuchPublicAccessBlockConfiguration"},
        Case{"replication", 404, "ReplicationConfigurationNotFoundError"},
        Case{"website", 404, "NoSuchWebsiteConfiguration"}, Case{"versioning", 200, ""},
        Case{"accelerate", 200, ""}, Case{"logging", 200, ""}, Case{"notification", 200, ""},
        Case{"requestPayment", 200, ""}}) {
    GatewayAnswer answer = root.send("GET", "/bucket?" + wanted.query);
    EXPECT_EQ(answer.status, wanted.status) << wanted.query;
    EXPECT_EQ(answer.code(), wanted.code) << wanted.query;
    EXPECT_EQ(root.send("GET", "/nowhere?" + wanted.query).code(), "NoSuchBucket") << wanted.query;
    // Setting it is refused, never pretended.
    EXPECT_EQ(root.send("PUT", "/bucket?" + wanted.query, "<X/>").code(), "NotImplemented")
        << wanted.query;
    EXPECT_EQ(root.send("DELETE", "/bucket?" + wanted.query).code(), "NotImplemented")
        << wanted.query;
  }
  EXPECT_EQ(root.send("GET", "/bucket?versioning").xml().children.size(), 0u);
  EXPECT_EQ(root.send("GET", "/bucket?requestPayment").xml().child_text("Payer"), "BucketOwner");
  EXPECT_EQ(root.send("GET", "/bucket?analytics").code(), "NotImplemented");
  EXPECT_EQ(root.send("HEAD", "/bucket").status, 200);
}

}  // namespace
}  // namespace holdfast::gateway
