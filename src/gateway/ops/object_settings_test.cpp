#include "gateway/ops/object_settings.h"

#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using codec::DigestAlgorithm;
using support::checksum_of;
using support::GatewayAnswer;
using support::GatewayTest;

TEST_F(GatewayTest, TellsTheAttributesThatAreAskedFor) {
  const std::string crc = checksum_of(DigestAlgorithm::kCrc32, "hello");
  const std::string etag =
      put("k", "hello", {{"x-amz-checksum-crc32", crc}}).header("etag").substr(1, 32);
  GatewayAnswer answer =
      get("k?attributes", {{"x-amz-object-attributes", "ETag,Checksum, ObjectSize"},
                           {"X-Amz-Object-Attributes", "StorageClass"}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  codec::XmlElement document = answer.xml();
  EXPECT_EQ(document.child_text("ETag"), etag);
  EXPECT_EQ(document.child_text("ObjectSize"), "5");
  EXPECT_EQ(document.child_text("StorageClass"), "STANDARD");
  ASSERT_NE(document.child("Checksum"), nullptr);
  EXPECT_EQ(document.child("Checksum")->child_text("ChecksumCRC32"), crc);
  EXPECT_EQ(document.child("Checksum")->child_text("ChecksumType"), "FULL_OBJECT");
  EXPECT_NE(answer.header("Last-Modified"), "");
  document = get("k?attributes", {{"x-amz-object-attributes", "ObjectParts"}}).xml();
  EXPECT_TRUE(document.children.empty());
}

TEST_F(GatewayTest, AttributesTellTheNumberOfParts) {
  const std::string id = root.send("POST", "/bucket/k?uploads").xml().child_text("UploadId");
  const std::string etag =
      root.send("PUT", "/bucket/k?partNumber=1&uploadId=" + id, "x").header("etag");
  root.send("POST", "/bucket/k?uploadId=" + id,
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + etag +
                "</ETag></Part></CompleteMultipartUpload>");
  const codec::XmlElement document =
      get("k?attributes", {{"x-amz-object-attributes", "ObjectParts"}}).xml();
  ASSERT_NE(document.child("ObjectParts"), nullptr);
  EXPECT_EQ(document.child("ObjectParts")->child_text("PartsCount"), "1");
}

TEST_F(GatewayTest, AttributesTellPartsWhoseChecksumsAreKept) {
  const std::vector<std::string> bytes = {"first", "second part", "3"};
  const std::string id =
      root.send("POST", "/bucket/k?uploads", "", {{"x-amz-checksum-algorithm", "CRC32"}})
          .xml()
          .child_text("UploadId");
  std::string document = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    const std::string crc = checksum_of(DigestAlgorithm::kCrc32, bytes[i]);
    const std::string etag = root.send("PUT", "/bucket/k?partNumber=" + number + "&uploadId=" + id,
                                       bytes[i], {{"x-amz-checksum-crc32", crc}})
                                 .header("etag");
    document += "<Part><PartNumber>" + number + "</PartNumber><ETag>" + etag +
                "</ETag><ChecksumCRC32>" + crc + "</ChecksumCRC32></Part>";
  }
  ASSERT_EQ(
      root.send("POST", "/bucket/k?uploadId=" + id, document + "</CompleteMultipartUpload>").status,
      200);
  const auto page = [&](std::string most, std::string after) {
    const codec::XmlElement answer =
        get("k?attributes", {{"x-amz-object-attributes", "ObjectParts"},
                             {"x-amz-max-parts", std::move(most)},
                             {"x-amz-part-number-marker", std::move(after)}})
            .xml();
    return answer.children.at(0);
  };
  codec::XmlElement parts = page("2", "0");
  EXPECT_EQ(parts.child_text("PartsCount"), "3");
  EXPECT_EQ(parts.child_text("IsTruncated"), "true");
  EXPECT_EQ(parts.child_text("NextPartNumberMarker"), "2");
  EXPECT_EQ(std::count_if(parts.children.begin(), parts.children.end(),
                          [](const auto& each) { return each.name == "Part"; }),
            2);
  parts = page("1000", "2");
  EXPECT_EQ(parts.child_text("IsTruncated"), "false");
  const codec::XmlElement* last = parts.child("Part");
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(last->child_text("PartNumber"), "3");
  EXPECT_EQ(last->child_text("Size"), "1");
  EXPECT_EQ(last->child_text("ChecksumCRC32"), checksum_of(DigestAlgorithm::kCrc32, bytes[2]));
  EXPECT_EQ(page("1000", "9").child("Part"), nullptr);
  EXPECT_EQ(
      get("k?attributes", {{"x-amz-object-attributes", "ObjectParts"}, {"x-amz-max-parts", "many"}})
          .code(),
      "InvalidArgument");
}

TEST_F(GatewayTest, AttributesThatAreNoneAreRefused) {
  put("k", "hello");
  EXPECT_EQ(get("k?attributes").code(), "InvalidArgument");
  EXPECT_EQ(get("k?attributes", {{"x-amz-object-attributes", "ETag,Colour"}}).code(),
            "InvalidArgument");
  EXPECT_EQ(get("none?attributes", {{"x-amz-object-attributes", "ETag"}}).code(), "NoSuchKey");
}

TEST_F(GatewayTest, AnswersProbesOfObjectSettingsTruly) {
  put("k", "1");
  EXPECT_NE(get("k?acl").body.find("FULL_CONTROL"), std::string::npos);
  EXPECT_EQ(get("k?tagging").xml().children.at(0).children.size(), 0u);
  EXPECT_EQ(get("none?acl").code(), "NoSuchKey");
  EXPECT_EQ(get("k?torrent").code(), "NotImplemented");
  EXPECT_EQ(put("k?tagging", "<Tagging/>").code(), "NotImplemented");
  EXPECT_EQ(get("k").body, "1");
}

}  // namespace
}  // namespace holdfast::gateway
