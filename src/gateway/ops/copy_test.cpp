#include "gateway/ops/copy.h"

#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::GatewayTest;

class CopyTest : public GatewayTest {
 protected:
  CopyTest() {
    EXPECT_EQ(root.send("PUT", "/target").status, 200);
    etag_ =
        put("src%20%2B", "hello", {{"x-amz-meta-a", "1"}, {"Content-Type", "a/b"}}).header("etag");
  }
  GatewayAnswer copy(const std::string& source, codec::Headers headers = {},
                     const std::string& target = "/target/copy") {
    headers.emplace_back("x-amz-copy-source", source);
    return root.send("PUT", target, "", std::move(headers));
  }
  std::string etag_;
};

TEST_F(CopyTest, KeepsBytesAndMetadata) {
  for (const char* source :
       {"/bucket/src%20%2B", "bucket/src%20+", "bucket/src%20%2B?versionId=null"}) {
    GatewayAnswer answer =
        copy(source, {{"x-amz-metadata-directive", "COPY"}, {"x-amz-meta-a", "ignored"}});
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.xml().name, "CopyObjectResult");
    EXPECT_EQ(answer.xml().child_text("ETag"), etag_);
    EXPECT_NE(answer.xml().child_text("LastModified"), "");
    answer = root.send("GET", "/target/copy");
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(answer.header("x-amz-meta-a"), "1");
    EXPECT_EQ(answer.header("Content-Type"), "a/b");
    root.send("DELETE", "/target/copy");
  }
}

TEST_F(CopyTest, ReplacesMetadataOnRequest) {
  EXPECT_EQ(
      copy("bucket/src%20%2B", {{"x-amz-metadata-directive", "REPLACE"}, {"x-amz-meta-b", "2"}})
          .status,
      200);
  GatewayAnswer answer = root.send("GET", "/target/copy");
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.header("x-amz-meta-a"), "");
  EXPECT_EQ(answer.header("x-amz-meta-b"), "2");
  EXPECT_EQ(answer.header("Content-Type"), "binary/octet-stream");
}

// rclone sets a time so: a copy of the object onto itself.
TEST_F(CopyTest, OntoItselfOnlyWithNewMetadata) {
  EXPECT_EQ(copy("bucket/src%20%2B", {}, "/bucket/src%20%2B").code(), "InvalidRequest");
  EXPECT_EQ(
      copy("bucket/src%20%2B", {{"x-amz-metadata-directive", "REPLACE"}, {"x-amz-meta-mtime", "7"}},
           "/bucket/src%20%2B")
          .status,
      200);
  EXPECT_EQ(get("src%20%2B").header("x-amz-meta-mtime"), "7");
  EXPECT_EQ(get("src%20%2B").body, "hello");
}

TEST_F(CopyTest, HoldsTheConditionsOfTheSource) {
  EXPECT_EQ(copy("bucket/src%20%2B", {{"x-amz-copy-source-if-match", etag_}}).status, 200);
  EXPECT_EQ(copy("bucket/src%20%2B", {{"x-amz-copy-source-if-match", "\"x\""}}).status, 412);
  GatewayAnswer answer = copy("bucket/src%20%2B", {{"x-amz-copy-source-if-none-match", etag_}});
  EXPECT_EQ(answer.status, 412);
  EXPECT_EQ(answer.code(), "PreconditionFailed");
  EXPECT_EQ(copy("bucket/src%20%2B",
                 {{"x-amz-copy-source-if-modified-since", "Sun, 22 Nov 2099 14:31:20 GMT"}})
                .status,
            412);
}

TEST_F(CopyTest, HoldsTheConditionsOfTheTarget) {
  EXPECT_EQ(copy("bucket/src%20%2B", {{"If-None-Match", "*"}}).status, 200);
  EXPECT_EQ(copy("bucket/src%20%2B", {{"If-None-Match", "*"}}).status, 412);
  EXPECT_EQ(copy("bucket/src%20%2B", {{"If-Match", etag_}}).status, 200);
}

TEST_F(CopyTest, RefusesBadSourcesAndDirectives) {
  EXPECT_EQ(copy("bucket/none").code(), "NoSuchKey");
  EXPECT_EQ(copy("nowhere/none").code(), "NoSuchBucket");
  for (const char* source : {"bucket", "/bucket/", "//k", "bucket/%zz", "", "bucket/k?%zz"}) {
    EXPECT_EQ(copy(source).code(), "InvalidArgument") << source;
  }
  EXPECT_EQ(copy("bucket/src%20%2B?versionId=v1").code(), "NoSuchVersion");
  EXPECT_EQ(copy("bucket/src%20%2B", {{"x-amz-metadata-directive", "MOVE"}}).code(),
            "InvalidArgument");
  EXPECT_EQ(copy("bucket/src%20%2B", {{"x-amz-tagging-directive", "REPLACE"}}).code(),
            "NotImplemented");
  EXPECT_EQ(copy("bucket/src%20%2B", {{"x-amz-tagging-directive", "COPY"}}).status, 200);
  EXPECT_EQ(copy("UPPER/k").code(), "InvalidBucketName");
}

}  // namespace
}  // namespace holdfast::gateway
