#include "gateway/ops/bucket_ownership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::GatewayTest;
using support::VersionedGatewayTest;

std::string access_list(const std::string& id, const std::string& permission) {
  return "<AccessControlPolicy><Owner><ID>" + id + "</ID></Owner><AccessControlList><Grant>" +
         "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
         "xsi:type=\"CanonicalUser\"><ID>" +
         id + "</ID></Grantee><Permission>" + permission +
         "</Permission></Grant></AccessControlList></AccessControlPolicy>";
}

TEST_F(VersionedGatewayTest, AnAccessListMaySayWhatIsSoAndNothingElse) {
  put("k", "bytes");
  for (const std::string target : {"?acl", "/k?acl"}) {
    EXPECT_EQ(send("PUT", target, "", {{"x-amz-acl", "private"}}).status, 200) << target;
    EXPECT_EQ(send("PUT", target, access_list("holdfast", "FULL_CONTROL")).status, 200) << target;
    // What a client read it can write back.
    EXPECT_EQ(send("PUT", target, send("GET", target).body).status, 200) << target;
    EXPECT_EQ(send("PUT", target).code(), "MissingSecurityHeader") << target;
    EXPECT_EQ(send("PUT", target, "<AccessControlPolicy/>", {{"x-amz-acl", "private"}}).code(),
              "UnexpectedContent");
    for (const char* canned : {"public-read", "public-read-write", "authenticated-read", "x"}) {
      const GatewayAnswer answer = send("PUT", target, "", {{"x-amz-acl", canned}});
      EXPECT_EQ(answer.status, 400) << target << " " << canned;
      EXPECT_EQ(answer.code(), "AccessControlListNotSupported") << target << " " << canned;
    }
    for (const std::string& document :
         {access_list("somebody", "FULL_CONTROL"), access_list("holdfast", "READ"),
          std::string("<AccessControlPolicy/>"),
          std::string("<AccessControlPolicy><AccessControlList/></AccessControlPolicy>")}) {
      EXPECT_EQ(send("PUT", target, document).code(), "AccessControlListNotSupported") << document;
    }
    EXPECT_EQ(send("PUT", target, "", {{"x-amz-grant-read", "id=\"x\""}}).code(),
              "AccessControlListNotSupported");
    EXPECT_EQ(send("PUT", target, "<Rubbish/>").code(), "MalformedXML");
  }
  EXPECT_EQ(send("PUT", "/nothing?acl", "", {{"x-amz-acl", "private"}}).code(), "NoSuchKey");
  EXPECT_EQ(root.send("PUT", "/nowhere?acl", "", {{"x-amz-acl", "private"}}).code(),
            "NoSuchBucket");
}

TEST_F(GatewayTest, TheOwnerOwnsEverything) {
  const auto controls = [](const std::string& ownership) {
    return "<OwnershipControls><Rule><ObjectOwnership>" + ownership +
           "</ObjectOwnership></Rule></OwnershipControls>";
  };
  const std::string target = "/bucket?ownershipControls";
  const auto told = [&] {
    return root.send("GET", target).xml().child("Rule")->child_text("ObjectOwnership");
  };
  EXPECT_EQ(told(), "BucketOwnerEnforced");
  EXPECT_EQ(root.send("PUT", target, controls("BucketOwnerEnforced")).status, 200);
  EXPECT_EQ(root.send("PUT", target, controls("ObjectWriter")).status, 501);
  EXPECT_EQ(root.send("PUT", target, controls("BucketOwnerPreferred")).code(), "NotImplemented");
  EXPECT_EQ(root.send("PUT", target, controls("Nobody")).code(), "InvalidArgument");
  EXPECT_EQ(root.send("PUT", target, "<OwnershipControls/>").code(), "MalformedXML");
  EXPECT_EQ(root.send("DELETE", target).status, 501);
  EXPECT_EQ(told(), "BucketOwnerEnforced");
  EXPECT_EQ(root.send("GET", "/nowhere?ownershipControls").code(), "NoSuchBucket");

  const auto create = [&](const std::string& ownership) {
    return root.send("PUT", "/another", "", {{"x-amz-object-ownership", ownership}}).status;
  };
  EXPECT_EQ(create("ObjectWriter"), 501);
  EXPECT_EQ(create("Nobody"), 400);
  EXPECT_EQ(root.send("HEAD", "/another").status, 404);
  EXPECT_EQ(create("BucketOwnerEnforced"), 200);
}

TEST_F(VersionedGatewayTest, SwitchesOfPublicAccessAreKept) {
  const std::string wanted =
      "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>"
      "<RestrictPublicBuckets>TRUE</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
  EXPECT_EQ(send("GET", "?publicAccessBlock").code(), "NoSuchPublicAccessBlockConfiguration");
  EXPECT_EQ(send("PUT", "?publicAccessBlock", wanted).status, 200);
  const codec::XmlElement told = send("GET", "?publicAccessBlock").xml();
  EXPECT_EQ(told.child_text("BlockPublicAcls"), "true");
  EXPECT_EQ(told.child_text("IgnorePublicAcls"), "false");
  EXPECT_EQ(told.child_text("BlockPublicPolicy"), "false");
  EXPECT_EQ(told.child_text("RestrictPublicBuckets"), "true");
  for (const char* wrong : {"<BlockPublicAcls>maybe</BlockPublicAcls>", "<Other>true</Other>"}) {
    const std::string document = std::string("<PublicAccessBlockConfiguration>") + wrong +
                                 "</PublicAccessBlockConfiguration>";
    EXPECT_EQ(send("PUT", "?publicAccessBlock", document).code(), "MalformedXML") << wrong;
  }
  EXPECT_EQ(send("GET", "?publicAccessBlock").xml().child_text("BlockPublicAcls"), "true");
  EXPECT_EQ(send("DELETE", "?publicAccessBlock").status, 204);
  EXPECT_EQ(send("GET", "?publicAccessBlock").status, 404);
}

TEST_F(GatewayTest, NoBucketIsPublic) {
  EXPECT_EQ(root.send("GET", "/bucket?policyStatus").xml().child_text("IsPublic"), "false");
  EXPECT_EQ(root.send("GET", "/nowhere?policyStatus").code(), "NoSuchBucket");
}

// A storage without settings of buckets keeps none, and says so.
TEST_F(GatewayTest, SettingsThatCannotBeKeptAreRefused) {
  EXPECT_EQ(
      root.send("PUT", "/bucket?publicAccessBlock", "<PublicAccessBlockConfiguration/>").status,
      501);
  EXPECT_EQ(root.send("PUT", "/bucket?tagging", "<Tagging><TagSet/></Tagging>").status, 501);
}

}  // namespace
}  // namespace holdfast::gateway
