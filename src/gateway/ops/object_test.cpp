#include "gateway/ops/object.h"

#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using codec::DigestAlgorithm;
using support::checksum_of;
using support::GatewayAnswer;
using support::GatewayTest;

const std::string kMd5OfHello = "\"5d41402abc4b2a76b9719d911017c592\"";

TEST_F(GatewayTest, PutsGetsHeadsAndDeletes) {
  GatewayAnswer answer =
      put("dir/k%20%2B", "hello", {{"Content-Type", "text/plain"}, {"x-amz-meta-Mtime", "1.5"}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.header("etag"), kMd5OfHello);
  EXPECT_EQ(answer.header("x-amz-request-id").size(), 16u);
  answer = get("dir/k%20+");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.header("ETag"), kMd5OfHello);
  EXPECT_EQ(answer.header("Content-Type"), "text/plain");
  EXPECT_EQ(answer.header("x-amz-meta-mtime"), "1.5");
  EXPECT_EQ(answer.header("Accept-Ranges"), "bytes");
  EXPECT_NE(answer.header("Last-Modified"), "");
  answer = root.send("HEAD", "/bucket/dir/k%20+");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.length, 5u);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.header("x-amz-meta-mtime"), "1.5");
  EXPECT_EQ(root.send("DELETE", "/bucket/dir/k%20+").status, 204);
  EXPECT_EQ(get("dir/k%20+").code(), "NoSuchKey");
  EXPECT_EQ(root.send("HEAD", "/bucket/dir/k%20+").status, 404);
  // Again: what is not there is gone already.
  EXPECT_EQ(root.send("DELETE", "/bucket/dir/k%20+").status, 204);
}

TEST_F(GatewayTest, AKeyDoesNotHideTheOnesBelowIt) {
  put("foo", "file");
  put("foo/bar", "below");
  EXPECT_EQ(get("foo").body, "file");
  EXPECT_EQ(get("foo/bar").body, "below");
  EXPECT_EQ(get("fo").code(), "NoSuchKey");
  EXPECT_EQ(get("foo/").code(), "NoSuchKey");
}

TEST_F(GatewayTest, StandardHeadersRoundTripAndCanBeOverridden) {
  const codec::Headers headers = {
      {"Content-Type", "a/b"},      {"Cache-Control", "no-cache"},
      {"Content-Language", "nl"},   {"Content-Disposition", "inline"},
      {"Content-Encoding", "gzip"}, {"Expires", "Sun, 22 Nov 2026 14:31:20 GMT"}};
  put("k", "x", headers);
  GatewayAnswer answer = get("k");
  for (const auto& [name, value] : headers) EXPECT_EQ(answer.header(name), value) << name;
  answer =
      get("k?response-content-type=c%2Fd&response-cache-control=private&response-expires=never");
  EXPECT_EQ(answer.header("Content-Type"), "c/d");
  EXPECT_EQ(answer.header("Cache-Control"), "private");
  EXPECT_EQ(answer.header("Expires"), "never");
  EXPECT_EQ(answer.header("Content-Language"), "nl");
  EXPECT_EQ(get("k?response-content-type=a%0D%0ASet-Cookie:%20x").code(), "InvalidArgument");
  put("plain", "x");
  EXPECT_EQ(get("plain").header("Content-Type"), "binary/octet-stream");
}

TEST_F(GatewayTest, UserMetadataEndsAtTwoKibibytes) {
  const std::string name = "x-amz-meta-a";
  EXPECT_EQ(put("k", "x", {{name, std::string(2047, 'v')}}).status, 200);
  EXPECT_EQ(get("k").header(name), std::string(2047, 'v'));
  EXPECT_EQ(put("k", "x", {{name, std::string(2048, 'v')}}).code(), "MetadataTooLarge");
}

TEST_F(GatewayTest, WhatIsNotOfferedIsRefusedNotIgnored) {
  struct Case {
    std::string name, value, code;
  };
  for (const Case& wanted :
       {Case{"x-amz-tagging", "a=b", "NotImplemented"},
        Case{"x-amz-server-side-encryption", "AES256", "NotImplemented"},
        Case{"x-amz-server-side-encryption-customer-algorithm", "AES256", "NotImplemented"},
        Case{"x-amz-object-lock-mode", "COMPLIANCE", "NotImplemented"},
        Case{"x-amz-website-redirect-location", "/", "NotImplemented"},
        Case{"x-amz-write-offset-bytes", "1", "NotImplemented"},
        Case{"x-amz-storage-class", "GLACIER", "InvalidStorageClass"},
        Case{"x-amz-acl", "public-read", "AccessControlListNotSupported"},
        Case{"x-amz-grant-read", "id=1", "AccessControlListNotSupported"}}) {
    EXPECT_EQ(put("k", "x", {{wanted.name, wanted.value}}).code(), wanted.code) << wanted.name;
    EXPECT_EQ(root.send("HEAD", "/bucket/k").status, 404);
  }
  EXPECT_EQ(put("k", "x", {{"x-amz-acl", "private"}, {"x-amz-storage-class", "STANDARD"}}).status,
            200);
  EXPECT_EQ(put("k?partNumber=1", "x").code(), "InvalidArgument");
}

TEST_F(GatewayTest, GivesRanges) {
  put("k", "0123456789");
  struct Case {
    std::string range, body, content_range;
  };
  for (const Case& wanted :
       {Case{"bytes=2-4", "234", "bytes 2-4/10"}, Case{"bytes=7-", "789", "bytes 7-9/10"},
        Case{"bytes=-3", "789", "bytes 7-9/10"}, Case{"bytes=8-99", "89", "bytes 8-9/10"},
        Case{"bytes=-99", "0123456789", "bytes 0-9/10"}}) {
    GatewayAnswer answer = get("k", {{"Range", wanted.range}});
    EXPECT_EQ(answer.status, 206) << wanted.range;
    EXPECT_EQ(answer.body, wanted.body) << wanted.range;
    EXPECT_EQ(answer.header("Content-Range"), wanted.content_range);
    answer = root.send("HEAD", "/bucket/k", "", {{"Range", wanted.range}});
    EXPECT_EQ(answer.status, 206);
    EXPECT_EQ(answer.length, wanted.body.size());
    EXPECT_EQ(answer.body, "");
  }
  GatewayAnswer answer = get("k", {{"Range", "bytes=10-"}});
  EXPECT_EQ(answer.status, 416);
  EXPECT_EQ(answer.code(), "InvalidRange");
  EXPECT_EQ(answer.header("Content-Range"), "bytes */10");
  answer = get("k", {{"Range", "bytes=0-1,4-5"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "0123456789");
}

TEST_F(GatewayTest, ARangeGoesWithItsVersionOnly) {
  const std::string etag = put("k", "0123456789").header("etag");
  EXPECT_EQ(get("k", {{"Range", "bytes=0-1"}, {"If-Range", etag}}).body, "01");
  EXPECT_EQ(get("k", {{"Range", "bytes=0-1"}, {"If-Range", "\"other\""}}).body, "0123456789");
  EXPECT_EQ(get("none", {{"Range", "bytes=0-1"}, {"If-Range", etag}}).code(), "NoSuchKey");
}

TEST_F(GatewayTest, AChecksumOfTheWholeIsNotGivenWithAStretch) {
  put("k", "hello", {{"x-amz-checksum-crc32", checksum_of(DigestAlgorithm::kCrc32, "hello")}});
  GatewayAnswer answer = get("k", {{"Range", "bytes=0-1"}, {"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(answer.header("x-amz-checksum-crc32"), "");
}

TEST_F(GatewayTest, ReadsHoldTheirConditions) {
  const std::string etag = put("k", "hello").header("etag");
  const std::string date = get("k").header("Last-Modified");
  const std::string past = "Sat, 21 Nov 2020 14:31:20 GMT";
  EXPECT_EQ(get("k", {{"If-Match", etag}}).status, 200);
  EXPECT_EQ(get("k", {{"If-Match", "\"x\""}}).status, 412);
  EXPECT_EQ(get("k", {{"If-Match", "\"x\""}}).code(), "PreconditionFailed");
  GatewayAnswer answer = get("k", {{"If-None-Match", etag}});
  EXPECT_EQ(answer.status, 304);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.header("ETag"), etag);
  EXPECT_EQ(get("k", {{"If-None-Match", "*"}}).status, 304);
  EXPECT_EQ(get("none", {{"If-None-Match", "*"}}).status, 404);
  EXPECT_EQ(get("k", {{"If-None-Match", "\"x\""}}).status, 200);
  EXPECT_EQ(get("k", {{"If-Modified-Since", date}}).status, 304);
  EXPECT_EQ(get("k", {{"If-Modified-Since", past}}).status, 200);
  EXPECT_EQ(get("k", {{"If-Unmodified-Since", past}}).status, 412);
  EXPECT_EQ(get("k", {{"If-Unmodified-Since", past}, {"If-Match", etag}}).status, 200);
  EXPECT_EQ(root.send("HEAD", "/bucket/k", "", {{"If-None-Match", etag}}).status, 304);
}

TEST_F(GatewayTest, WritesHoldTheirConditions) {
  const codec::Headers only_new = {{"If-None-Match", "*"}};
  GatewayAnswer answer = put("k", "1", only_new);
  EXPECT_EQ(answer.status, 200);
  const std::string etag = answer.header("etag");
  EXPECT_EQ(put("k", "2", only_new).code(), "PreconditionFailed");
  EXPECT_EQ(put("k", "2", {{"If-Match", "\"x\""}}).status, 412);
  EXPECT_EQ(put("k", "2", {{"If-Match", etag}}).status, 200);
  EXPECT_EQ(get("k").body, "2");
  EXPECT_EQ(put("none", "2", {{"If-Match", etag}}).code(), "NoSuchKey");
  EXPECT_EQ(put("none", "2", {{"If-Match", "*"}}).code(), "NoSuchKey");
}

TEST_F(GatewayTest, AWriteMayNameTheVersionsItMustNotReplace) {
  const std::string first = put("k", "1").header("etag");
  EXPECT_EQ(put("k", "2", {{"If-None-Match", first}}).status, 412);
  EXPECT_EQ(put("k", "2", {{"If-None-Match", "\"x\""}}).status, 200);
  EXPECT_EQ(put("new", "2", {{"If-None-Match", "\"x\""}}).status, 200);
}

TEST_F(GatewayTest, DeletesOnlyTheVersionThatIsMeant) {
  const std::string etag = put("k", "1").header("etag");
  EXPECT_EQ(root.send("DELETE", "/bucket/k", "", {{"If-Match", "\"x\""}}).status, 412);
  EXPECT_EQ(root.send("DELETE", "/bucket/k?versionId=abc").code(), "NoSuchVersion");
  EXPECT_EQ(root.send("DELETE", "/bucket/k", "", {{"If-None-Match", "*"}}).code(),
            "NotImplemented");
  EXPECT_EQ(get("k?versionId=null").body, "1");
  EXPECT_EQ(get("k?versionId=abc").code(), "NoSuchVersion");
  EXPECT_EQ(root.send("DELETE", "/bucket/k", "", {{"If-Match", etag}}).status, 204);
  EXPECT_EQ(root.send("DELETE", "/bucket/k", "", {{"If-Match", "*"}}).status, 404);
}

TEST_F(GatewayTest, MissingBucketsAndBadKeysAreNamed) {
  EXPECT_EQ(root.send("GET", "/nowhere/k").code(), "NoSuchBucket");
  EXPECT_EQ(root.send("PUT", "/nowhere/k", "x").code(), "NoSuchBucket");
  EXPECT_EQ(root.send("DELETE", "/nowhere/k").code(), "NoSuchBucket");
  EXPECT_EQ(put(std::string(1025, 'k'), "x").code(), "KeyTooLongError");
  EXPECT_EQ(put(std::string(1024, 'k'), "x").status, 200);
  EXPECT_EQ(put("%ff%fe", "x").status, 400);
  EXPECT_EQ(root.send("GET", "/UPPER/k").code(), "InvalidBucketName");
}

// Ignoring these would remove what the client did not mean.
TEST_F(GatewayTest, ARemovalMayNameSizeAndTime) {
  put("k", "12345");
  const std::string time = get("k").header("Last-Modified");
  const std::string kSize = "x-amz-if-match-size", kTime = "x-amz-if-match-last-modified-time";
  const std::string past = "Sat, 01 Jan 2000 00:00:00 GMT";
  auto remove = [&](codec::Headers headers) {
    return root.send("DELETE", "/bucket/k", "", std::move(headers)).status;
  };
  EXPECT_EQ(remove({{kSize, "4"}}), 412);
  EXPECT_EQ(remove({{kSize, "many"}}), 400);
  EXPECT_EQ(remove({{kTime, past}}), 412);
  EXPECT_EQ(remove({{kTime, "yesterday"}}), 400);
  EXPECT_EQ(remove({{kSize, "5"}, {kTime, past}}), 412);
  EXPECT_EQ(remove({{kSize, "5"}, {"If-Match", "\"x\""}}), 412);
  EXPECT_EQ(get("k").status, 200);
  EXPECT_EQ(remove({{kSize, "5"}, {kTime, time}}), 204);
  EXPECT_EQ(remove({{kSize, "5"}}), 404);
}

class DeleteObjectsTest : public GatewayTest {
 protected:
  GatewayAnswer remove(const std::string& document, codec::Headers headers = {}) {
    return root.send("POST", "/bucket?delete", document, std::move(headers));
  }
};

TEST_F(DeleteObjectsTest, RemovesManyAndTellsOfEach) {
  put("a", "1");
  put("b<&>", "2");
  GatewayAnswer answer = remove(
      "<Delete><Object><Key>a</Key></Object><Object><Key>b&lt;&amp;&gt;</Key>"
      "</Object><Object><Key>none</Key></Object></Delete>");
  ASSERT_EQ(answer.status, 200) << answer.body;
  ASSERT_EQ(answer.xml().children.size(), 3u);
  EXPECT_EQ(answer.xml().children[1].name, "Deleted");
  EXPECT_EQ(answer.xml().children[1].child_text("Key"), "b<&>");
  EXPECT_EQ(get("a").status, 404);
  EXPECT_EQ(get("b%3C&%3E").status, 404);
}

TEST_F(DeleteObjectsTest, QuietTellsOnlyOfErrors) {
  const std::string etag = put("a", "1").header("etag");
  put("b", "1");
  GatewayAnswer answer = remove(
      "<Delete><Quiet>true</Quiet><Object><Key>a</Key><ETag>\"x\"</ETag></Object><Object><Key>b</"
      "Key><ETag>" +
      etag + "</ETag></Object><Object><Key>b</Key><VersionId>v1</VersionId></Object></Delete>");
  ASSERT_EQ(answer.xml().children.size(), 2u) << answer.body;
  EXPECT_EQ(answer.xml().children[0].child_text("Code"), "PreconditionFailed");
  EXPECT_EQ(answer.xml().children[1].child_text("Code"), "NoSuchVersion");
  EXPECT_EQ(get("a").status, 200);
  EXPECT_EQ(get("b").status, 404);
}

TEST_F(DeleteObjectsTest, EachMayNameSizeAndTime) {
  for (const char* key : {"a", "b", "c"}) put(key, "12345");
  const std::string time = get("a").header("Last-Modified");
  const codec::XmlElement told =
      remove(
          "<Delete><Object><Key>a</Key><Size>4</Size></Object><Object><Key>b</Key><Size>5</Size>"
          "<LastModifiedTime>" +
          time +
          "</LastModifiedTime></Object><Object><Key>c</Key><LastModifiedTime>"
          "2001-01-01T00:00:00Z</LastModifiedTime></Object></Delete>")
          .xml();
  ASSERT_EQ(told.children.size(), 3u);
  EXPECT_EQ(told.children[0].child_text("Code"), "PreconditionFailed");
  EXPECT_EQ(told.children[1].name, "Deleted");
  EXPECT_EQ(told.children[2].child_text("Code"), "PreconditionFailed");
  EXPECT_EQ(get("a").status, 200);
  EXPECT_EQ(get("b").status, 404);
  EXPECT_EQ(get("c").status, 200);
}

// Older clients send Content-MD5, newer ones a CRC32 only.
TEST_F(DeleteObjectsTest, EitherDigestOfTheDocumentIsCompared) {
  const std::string document = "<Delete><Object><Key>a</Key></Object></Delete>";
  using Header = std::pair<std::string, DigestAlgorithm>;
  for (const auto& [name, algorithm] : {Header{"Content-MD5", DigestAlgorithm::kMd5},
                                        Header{"x-amz-checksum-crc32", DigestAlgorithm::kCrc32}}) {
    put("a", "1");
    EXPECT_EQ(remove(document, {{name, checksum_of(algorithm, "x")}}).code(), "BadDigest") << name;
    EXPECT_EQ(get("a").status, 200);
    EXPECT_EQ(remove(document, {{name, checksum_of(algorithm, document)}}).status, 200) << name;
    EXPECT_EQ(get("a").status, 404);
  }
}

TEST_F(DeleteObjectsTest, RefusesWhatIsNoSuchDocument) {
  for (const char* bad :
       {"", "<Delete/>", "<Delete><Object/></Delete>", "<Other/>", "<Delete>", "x"}) {
    EXPECT_EQ(remove(bad).code(), "MalformedXML") << bad;
  }
  std::string many = "<Delete>";
  for (int i = 0; i < 1001; ++i) many += "<Object><Key>k</Key></Object>";
  EXPECT_EQ(remove(many + "</Delete>").code(), "MalformedXML");
  EXPECT_EQ(remove(std::string(5u << 20, ' ')).code(), "MaxMessageLengthExceeded");
  EXPECT_EQ(
      root.send("POST", "/nowhere?delete", "<Delete><Object><Key>a</Key></Object></Delete>").code(),
      "NoSuchBucket");
}

}  // namespace
}  // namespace holdfast::gateway
