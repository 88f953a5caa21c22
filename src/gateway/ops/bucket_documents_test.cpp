#include "gateway/ops/bucket_documents.h"

#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::VersionedGatewayTest;

std::string tagging(int tags) {
  std::string document = "<Tagging><TagSet>";
  for (int number = 0; number < tags; ++number) {
    document += "<Tag><Key>k" + std::to_string(number) + "</Key><Value>v</Value></Tag>";
  }
  return document + "</TagSet></Tagging>";
}

TEST_F(VersionedGatewayTest, ABucketHasTagsOfItsOwn) {
  EXPECT_EQ(send("GET", "?tagging").code(), "NoSuchTagSet");
  EXPECT_EQ(send("PUT", "?tagging", tagging(2)).status, 204);
  const codec::XmlElement told = send("GET", "?tagging").xml();
  ASSERT_EQ(told.child("TagSet")->children.size(), 2u);
  EXPECT_EQ(told.child("TagSet")->children[0].child_text("Key"), "k0");
  EXPECT_EQ(told.child("TagSet")->children[1].child_text("Value"), "v");
  // Five times as many as an object may have.
  EXPECT_EQ(send("PUT", "?tagging", tagging(50)).status, 204);
  EXPECT_EQ(send("PUT", "?tagging", tagging(51)).code(), "InvalidTag");
  EXPECT_EQ(send("PUT", "?tagging", "<Tagging/>").code(), "MalformedXML");
  EXPECT_EQ(send("GET", "?tagging").xml().child("TagSet")->children.size(), 50u);
  EXPECT_EQ(send("DELETE", "?tagging").status, 204);
  EXPECT_EQ(send("GET", "?tagging").code(), "NoSuchTagSet");
  EXPECT_EQ(root.send("PUT", "/nowhere?tagging", tagging(1)).code(), "NoSuchBucket");
}

}  // namespace
}  // namespace holdfast::gateway
