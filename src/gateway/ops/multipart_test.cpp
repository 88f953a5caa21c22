#include "gateway/ops/multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using codec::DigestAlgorithm;
using support::checksum_of;
using support::GatewayAnswer;
using support::GatewayTest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MultipartTest : public GatewayTest {
 protected:
  std::string create(const std::string& key = "big", codec::Headers headers = {}) {
    GatewayAnswer answer = root.send("POST", "/bucket/" + key + "?uploads", "", std::move(headers));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.xml().child_text("UploadId");
  }
  static std::string part_target(const std::string& id, int number) {
    return "/bucket/big?partNumber=" + std::to_string(number) + "&uploadId=" + id;
  }
  std::string put_part(const std::string& id, int number, const std::string& body,
                       codec::Headers headers = {}) {
    GatewayAnswer answer = root.send("PUT", part_target(id, number), body, std::move(headers));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.header("etag");
  }
  static std::string part(int number, const std::string& etag, const std::string& more = "") {
    return "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>" + etag +
           "</ETag>" + more + "</Part>";
  }
  GatewayAnswer complete(const std::string& id, const std::string& parts,
                         codec::Headers headers = {}) {
    return root.send("POST", "/bucket/big?uploadId=" + id,
                     "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>",
                     std::move(headers));
  }
  std::vector<std::string> listed(const std::string& target, std::string_view element,
                                  std::string_view child) {
    std::vector<std::string> found;
    for (const codec::XmlElement& each : root.send("GET", target).xml().children) {
      if (each.name == element) found.push_back(each.child_text(child));
    }
    return found;
  }
};

TEST_F(MultipartTest, PutsAnObjectTogether) {
  const std::string id = create("big", {{"x-amz-meta-a", "1"}, {"Content-Type", "a/b"}});
  const std::string two = put_part(id, 2, "world");
  const std::string one = put_part(id, 1, "hello ");
  EXPECT_EQ(get("big").code(), "NoSuchKey");
  GatewayAnswer answer =
      complete(id, part(1, one) + part(2, "&quot;" + two.substr(1, 32) + "&quot;"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::string etag = answer.xml().child_text("ETag");
  EXPECT_EQ(etag.size(), 32u + 2 + 2);
  EXPECT_TRUE(etag.ends_with("-2\""));
  EXPECT_EQ(answer.xml().child_text("Location"), "http://127.0.0.1:9000/bucket/big");
  EXPECT_EQ(answer.xml().child_text("Key"), "big");
  answer = get("big");
  EXPECT_EQ(answer.body, "hello world");
  EXPECT_EQ(answer.header("etag"), etag);
  EXPECT_EQ(answer.header("x-amz-meta-a"), "1");
  EXPECT_EQ(answer.header("Content-Type"), "a/b");
}

TEST_F(MultipartTest, ARepeatedCompleteIsAnsweredAsTheFirst) {
  const std::string id = create();
  const std::string parts = part(1, put_part(id, 1, "x"));
  const std::string etag = complete(id, parts).xml().child_text("ETag");
  GatewayAnswer answer = complete(id, parts);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.xml().child_text("ETag"), etag);
  // Once the object is another one, the upload is just gone.
  put("big", "other");
  EXPECT_EQ(complete(id, parts).code(), "NoSuchUpload");
}

TEST_F(MultipartTest, PartsCanBeReadByTheirNumbers) {
  const std::string id = create();
  const std::string parts = part(1, put_part(id, 1, "hello ")) + part(7, put_part(id, 7, "world"));
  ASSERT_EQ(complete(id, parts).status, 200);
  GatewayAnswer answer = get("big?partNumber=1");
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.body, "hello ");
  EXPECT_EQ(answer.header("x-amz-mp-parts-count"), "2");
  EXPECT_EQ(answer.header("Content-Range"), "bytes 0-5/11");
  EXPECT_EQ(get("big?partNumber=10001").code(), "InvalidArgument");
  EXPECT_EQ(get("big?partNumber=0").code(), "InvalidArgument");
  EXPECT_EQ(get("big?partNumber=1", {{"Range", "bytes=0-1"}}).code(), "InvalidRequest");
  EXPECT_EQ(get("big?partNumber=9").status / 100, 4);
}

TEST_F(MultipartTest, CompleteChecksWhatTheClientNames) {
  const std::string id = create();
  const std::string one = put_part(id, 1, "x");
  const std::string two = put_part(id, 2, "y");
  EXPECT_EQ(complete(id, part(2, two) + part(1, one)).code(), "InvalidPartOrder");
  EXPECT_EQ(complete(id, part(1, one) + part(1, one)).code(), "InvalidPartOrder");
  EXPECT_EQ(complete(id, part(1, two)).code(), "InvalidPart");
  EXPECT_EQ(complete(id, part(3, one)).code(), "InvalidPart");
  EXPECT_EQ(complete(id, part(0, one)).code(), "InvalidPart");
  EXPECT_EQ(complete(id, part(10'001, one)).code(), "InvalidPart");
  EXPECT_EQ(complete(id, "").code(), "MalformedXML");
  EXPECT_EQ(complete(id, "<Part><ETag>x</ETag></Part>").code(), "MalformedXML");
  EXPECT_EQ(complete(id, "<Part><PartNumber>1</PartNumber></Part>").code(), "MalformedXML");
  EXPECT_EQ(complete("no-such-id", part(1, one)).code(), "NoSuchUpload");
  EXPECT_EQ(complete(id, part(1, one), {{"x-amz-mp-object-size", "2"}}).code(), "InvalidRequest");
  EXPECT_EQ(complete(id, part(1, one) + part(2, two), {{"x-amz-mp-object-size", "2"}}).status, 200);
  EXPECT_EQ(get("big").body, "xy");
}

TEST_F(MultipartTest, CompleteHoldsConditions) {
  put("big", "old");
  std::string id = create();
  const std::string parts = part(1, put_part(id, 1, "new"));
  EXPECT_EQ(complete(id, parts, {{"If-None-Match", "*"}}).code(), "PreconditionFailed");
  EXPECT_EQ(complete(id, parts, {{"If-Match", "\"x\""}}).status, 412);
  EXPECT_EQ(get("big").body, "old");
  EXPECT_EQ(complete(id, parts, {{"If-Match", get("big").header("etag")}}).status, 200);
  EXPECT_EQ(get("big").body, "new");
}

// Elasticsearch keeps registers in uploads of one part, which may be empty.
TEST_F(MultipartTest, AnEmptyPartMakesAnEmptyObject) {
  const std::string id = create();
  EXPECT_EQ(complete(id, part(1, put_part(id, 1, ""))).status, 200);
  EXPECT_EQ(get("big").status, 200);
  EXPECT_EQ(get("big").body, "");
}

TEST_F(MultipartTest, PartsCanBeCopied) {
  put("src", "0123456789");
  const std::string id = create();
  auto copy = [&](int number, codec::Headers headers) {
    headers.emplace_back("x-amz-copy-source", "/bucket/src");
    return root.send("PUT", part_target(id, number), "", std::move(headers));
  };
  GatewayAnswer first = copy(1, {{"x-amz-copy-source-range", "bytes=2-4"}});
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.xml().name, "CopyPartResult");
  GatewayAnswer second = copy(2, {});
  EXPECT_EQ(complete(id, part(1, first.xml().child_text("ETag")) +
                             part(2, second.xml().child_text("ETag")))
                .status,
            200);
  EXPECT_EQ(get("big").body, "2340123456789");
}

TEST_F(MultipartTest, PartCopiesCheckSourceRangeAndConditions) {
  const std::string etag = put("src", "0123456789").header("etag");
  const std::string id = create();
  auto code = [&](const std::string& source, codec::Headers headers) {
    headers.emplace_back("x-amz-copy-source", source);
    return root.send("PUT", part_target(id, 1), "", std::move(headers)).code();
  };
  for (const char* range : {"bytes=2-", "bytes=-2", "2-4", "bytes=4-2", "bytes=0-1,3-4"}) {
    EXPECT_EQ(code("bucket/src", {{"x-amz-copy-source-range", range}}), "InvalidArgument") << range;
  }
  // A part that is shorter than what was asked for would be a wrong success.
  for (const char* range : {"bytes=20-30", "bytes=2-30"}) {
    EXPECT_EQ(code("bucket/src", {{"x-amz-copy-source-range", range}}), "InvalidRange") << range;
  }
  EXPECT_EQ(code("bucket/none", {}), "NoSuchKey");
  EXPECT_EQ(code("bucket/src", {{"x-amz-copy-source-if-match", "\"x\""}}), "PreconditionFailed");
  EXPECT_EQ(code("bucket/src", {{"x-amz-copy-source-if-none-match", etag}}), "PreconditionFailed");
}

TEST_F(MultipartTest, AnAbortedUploadIsGoneAtOnce) {
  const std::string id = create();
  put_part(id, 1, "x");
  EXPECT_THAT(listed("/bucket?uploads", "Upload", "UploadId"), ElementsAre(id));
  EXPECT_EQ(root.send("DELETE", "/bucket/big?uploadId=" + id).status, 204);
  EXPECT_THAT(listed("/bucket?uploads", "Upload", "UploadId"), IsEmpty());
  EXPECT_EQ(root.send("DELETE", "/bucket/big?uploadId=" + id).code(), "NoSuchUpload");
  EXPECT_EQ(root.send("PUT", part_target(id, 2), "x").code(), "NoSuchUpload");
  EXPECT_EQ(root.send("GET", "/bucket/big?uploadId=" + id).code(), "NoSuchUpload");
}

TEST_F(MultipartTest, ListsPartsInPages) {
  const std::string id = create();
  for (int number : {1, 2, 5}) put_part(id, number, "part");
  const std::string target = "/bucket/big?uploadId=" + id;
  EXPECT_THAT(listed(target, "Part", "PartNumber"), ElementsAre("1", "2", "5"));
  EXPECT_THAT(listed(target + "&max-parts=2", "Part", "PartNumber"), ElementsAre("1", "2"));
  const codec::XmlElement page = root.send("GET", target + "&max-parts=2").xml();
  EXPECT_EQ(page.child_text("IsTruncated"), "true");
  EXPECT_EQ(page.child_text("NextPartNumberMarker"), "2");
  EXPECT_EQ(page.child("Part")->child_text("Size"), "4");
  EXPECT_THAT(listed(target + "&part-number-marker=2", "Part", "PartNumber"), ElementsAre("5"));
  EXPECT_THAT(listed(target + "&max-parts=0", "Part", "PartNumber"), IsEmpty());
  EXPECT_EQ(root.send("GET", target + "&max-parts=x").code(), "InvalidArgument");
}

TEST_F(MultipartTest, ListsUploadsByPrefixInPages) {
  for (const char* key : {"a/1", "a/2", "b"}) create(key);
  EXPECT_THAT(listed("/bucket?uploads&prefix=a", "Upload", "Key"), ElementsAre("a/1", "a/2"));
  EXPECT_THAT(listed("/bucket?uploads&max-uploads=2", "Upload", "Key"), ElementsAre("a/1", "a/2"));
  const codec::XmlElement page = root.send("GET", "/bucket?uploads&max-uploads=2").xml();
  EXPECT_EQ(page.child_text("IsTruncated"), "true");
  EXPECT_EQ(page.child_text("NextKeyMarker"), "a/2");
  const std::string next =
      "&key-marker=a/2&upload-id-marker=" + page.child_text("NextUploadIdMarker");
  EXPECT_THAT(listed("/bucket?uploads" + next, "Upload", "Key"), ElementsAre("b"));
  EXPECT_THAT(listed("/bucket?uploads&delimiter=/", "CommonPrefixes", "Prefix"), ElementsAre("a/"));
  EXPECT_THAT(listed("/bucket?uploads&max-uploads=0", "Upload", "Key"), IsEmpty());
  EXPECT_EQ(root.send("GET", "/nowhere?uploads").code(), "NoSuchBucket");
}

TEST_F(MultipartTest, RefusesWhatIsNoPart) {
  const std::string id = create();
  for (const char* number : {"0", "10001", "x", "", "-1"}) {
    EXPECT_EQ(root.send("PUT", "/bucket/big?uploadId=" + id + "&partNumber=" + number, "x").code(),
              "InvalidArgument")
        << number;
  }
  EXPECT_EQ(root.send("PUT", "/bucket/big?uploadId=" + id, "x").code(), "NotImplemented");
  EXPECT_EQ(root.send("PUT", part_target(id, 1), "x",
                      {{"Content-MD5", checksum_of(DigestAlgorithm::kMd5, "y")}})
                .code(),
            "BadDigest");
  EXPECT_THAT(listed("/bucket/big?uploadId=" + id, "Part", "PartNumber"), IsEmpty());
}

TEST_F(MultipartTest, ChecksumsOfPartsMakeOneOfTheWhole) {
  const std::string id = create("big", {{"x-amz-checksum-algorithm", "CRC32"}});
  auto crc = [](const std::string& text) { return checksum_of(DigestAlgorithm::kCrc32, text); };
  auto element = [&](const std::string& text) {
    return "<ChecksumCRC32>" + crc(text) + "</ChecksumCRC32>";
  };
  const std::string one = put_part(id, 1, "hello ", {{"x-amz-checksum-crc32", crc("hello ")}});
  const std::string two = put_part(id, 2, "world", {{"x-amz-checksum-crc32", crc("world")}});
  EXPECT_THAT(listed("/bucket/big?uploadId=" + id, "Part", "ChecksumCRC32"),
              ElementsAre(crc("hello "), crc("world")));
  EXPECT_EQ(complete(id, part(1, one, element("x")) + part(2, two)).status, 400);
  GatewayAnswer answer =
      complete(id, part(1, one, element("hello ")) + part(2, two, element("world")));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::string expected =
      codec::to_base64(codec::digest_of(DigestAlgorithm::kCrc32,
                                        codec::digest_of(DigestAlgorithm::kCrc32, "hello ") +
                                            codec::digest_of(DigestAlgorithm::kCrc32, "world"))) +
      "-2";
  EXPECT_EQ(answer.xml().child_text("ChecksumCRC32"), expected);
  EXPECT_EQ(answer.xml().child_text("ChecksumType"), "COMPOSITE");
  answer = get("big", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(answer.header("x-amz-checksum-crc32"), expected);
  EXPECT_EQ(answer.header("x-amz-checksum-type"), "COMPOSITE");
}

// The checksum header of a Complete is the whole object's, not the document's.
TEST_F(MultipartTest, CompleteChecksTheChecksumThatTheClientExpects) {
  auto crc = [](const std::string& text) { return checksum_of(DigestAlgorithm::kCrc32, text); };
  const std::string name = "x-amz-checksum-crc32";
  const std::string id = create(
      "big", {{"x-amz-checksum-algorithm", "CRC32"}, {"x-amz-checksum-type", "FULL_OBJECT"}});
  const std::string parts = part(1, put_part(id, 1, "hello ", {{name, crc("hello ")}})) +
                            part(2, put_part(id, 2, "world", {{name, crc("world")}}));
  EXPECT_EQ(complete(id, parts, {{name, crc("hello world!")}}).code(), "BadDigest");
  EXPECT_EQ(complete(id, parts, {{name, crc("hello world") + "-2"}}).code(), "BadDigest");
  EXPECT_EQ(complete(id, parts, {{"x-amz-checksum-crc32c", crc("hello world")}}).code(),
            "InvalidRequest");
  EXPECT_EQ(get("big").status, 404);
  GatewayAnswer answer = complete(id, parts, {{name, crc("hello world")}});
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(get("big", {{"x-amz-checksum-mode", "ENABLED"}}).header(name), crc("hello world"));
}

}  // namespace
}  // namespace holdfast::gateway
