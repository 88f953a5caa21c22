// Uploads in parts, and copies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/text.h"
#include "storage/s3/s3_storage.h"
#include "support/s3_peer.h"

namespace holdfast::storage {
namespace {

using codec::DigestAlgorithm;
using support::error_reply;
using support::is_rightly_signed;
using support::object_reply;
using support::reply;
using support::S3Peer;
using support::ScriptedReply;
using support::xml_reply;
using testing::HasSubstr;

const ObjectRef kRef{"bucket", "key"};
const std::string kTime = "2026-11-22T14:31:20.000Z";

ScriptedReply created(const std::string& id = "id+/=") {
  return xml_reply(200, "<InitiateMultipartUploadResult><Bucket>bucket</Bucket><UploadId>" + id +
                            "</UploadId></InitiateMultipartUploadResult>");
}
ScriptedReply completed() {
  return xml_reply(200,
                   "  \n<CompleteMultipartUploadResult><ETag>\"abc-2\"</ETag>"
                   "</CompleteMultipartUploadResult>");
}
ScriptedReply copied(const std::string& root) {
  return xml_reply(200, "<" + root + "><LastModified>" + kTime +
                            "</LastModified><ETag>\"abc\"</ETag></" + root + ">");
}
ScriptedReply head_of(std::uint64_t size) {
  return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) +
                   "\r\nETag: \"source\"\r\nLast-Modified: Sun, 22 Nov 2026 14:31:20 GMT\r\n"
                   "Content-Type: text/plain\r\n\r\n"};
}

TEST(S3MultipartTest, AWholeUploadOnTheWire) {
  S3Peer peer({created(), reply(200, "", {{"ETag", "\"p1\""}}), completed(), reply(204)});
  MultipartStore& store = *peer.storage->multipart();
  Attributes attributes;
  attributes.metadata = {{"mark", "x"}};
  std::string id =
      store.create(peer.context, kRef, attributes, Checksum{DigestAlgorithm::kCrc32, "", false});
  EXPECT_EQ(id, "id+/=");
  EXPECT_THAT(peer.server.request(0).first_line(), testing::StartsWith("POST /bucket/key?uploads"));
  EXPECT_EQ(peer.server.request(0).header("x-amz-meta-mark"), "x");
  EXPECT_EQ(peer.server.request(0).header("x-amz-checksum-algorithm"), "CRC32");
  EXPECT_EQ(peer.server.request(0).header("x-amz-checksum-type"), "FULL_OBJECT");

  MemorySource body("part");
  PutRequest known{.sha256 = codec::digest_of(DigestAlgorithm::kSha256, "part")};
  PartInfo part = store.put_part(peer.context, kRef, id, 1, body, known);
  EXPECT_EQ(part.etag, "p1");
  EXPECT_EQ(part.size, 4u);
  EXPECT_EQ(peer.server.request(1).first_line(),
            "PUT /bucket/key?partNumber=1&uploadId=id%2B%2F%3D HTTP/1.1");
  EXPECT_EQ(peer.server.request(1).header("x-amz-content-sha256"), codec::to_hex(*known.sha256));
  EXPECT_EQ(peer.server.request(1).body, "part");

  Checksum checksum{DigestAlgorithm::kCrc32, codec::digest_of(DigestAlgorithm::kCrc32, "part")};
  PutResult result =
      store.complete(peer.context, kRef, id, {{1, "p1", checksum}, {2, "p2", std::nullopt}},
                     {.must_not_exist = true});
  EXPECT_EQ(result.etag, "abc-2");
  EXPECT_EQ(peer.server.request(2).header("if-none-match"), "*");
  EXPECT_EQ(peer.server.request(2).body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Part><PartNumber>1</PartNumber><ETag>&quot;p1&quot;</ETag><ChecksumCRC32>" +
                codec::to_base64(checksum.value) +
                "</ChecksumCRC32></Part><Part><PartNumber>2</PartNumber><ETag>&quot;p2&quot;</ETag>"
                "</Part></CompleteMultipartUpload>");
  store.abort(peer.context, kRef, id);
  EXPECT_EQ(peer.server.request(3).first_line(),
            "DELETE /bucket/key?uploadId=id%2B%2F%3D HTTP/1.1");
  for (const auto& request : peer.server.requests()) EXPECT_TRUE(is_rightly_signed(request));
  EXPECT_EQ(peer.server.connections(), 1u);
}

TEST(S3MultipartTest, WhatTheWholeMustBeIsPassedOn) {
  S3Peer peer({completed(), completed()});
  Checksum sum{codec::DigestAlgorithm::kCrc32, std::string(4, '\0')};
  Condition condition{.whole_size = 7, .whole_checksum = sum};
  auto complete = [&] {
    peer.storage->multipart()->complete(peer.context, kRef, "id", {{1, "p", {}}}, condition);
  };
  complete();
  EXPECT_EQ(peer.server.request(0).header("x-amz-mp-object-size"), "7");
  EXPECT_EQ(peer.server.request(0).header("x-amz-checksum-crc32"), "AAAAAA==");
  EXPECT_EQ(peer.server.request(0).header("x-amz-checksum-type"), "FULL_OBJECT");
  condition.whole_checksum->composite = true;
  condition.whole_checksum->parts = 2;
  complete();
  EXPECT_EQ(peer.server.request(1).header("x-amz-checksum-crc32"), "AAAAAA==-2");
  EXPECT_EQ(peer.server.request(1).header("x-amz-checksum-type"), "COMPOSITE");
}

TEST(S3MultipartTest, AnErrorBehindAGoodStatusIsAnError) {
  S3Peer peer(
      {xml_reply(200, "\n\n<?xml version=\"1.0\"?><Error><Code>InternalError</Code></Error>"),
       xml_reply(200, "<Error><Code>PreconditionFailed</Code></Error>"),
       error_reply(404, "NoSuchUpload"), error_reply(404, "NoSuchKey"),
       xml_reply(200, "<CompleteMultipartUploadResult/>")});
  auto complete = [&](Condition condition = {}) {
    peer.storage->multipart()->complete(peer.context, kRef, "id", {{1, "p", {}}}, condition);
  };
  EXPECT_THROW(complete(), Unavailable);
  EXPECT_THROW(complete(), PreconditionFailed);
  EXPECT_THROW(complete({.must_exist = true}), NotFound);
  EXPECT_THROW(complete({.must_exist = true}), PreconditionFailed);
  EXPECT_THROW(complete(), Failed);
}

TEST(S3MultipartTest, AnswersWithoutWhatMattersAreFailures) {
  S3Peer peer({xml_reply(200, "<InitiateMultipartUploadResult/>"), reply(200)});
  MemorySource body("x");
  EXPECT_THROW(peer.storage->multipart()->create(peer.context, kRef, {}, std::nullopt), Failed);
  EXPECT_THROW(peer.storage->multipart()->put_part(peer.context, kRef, "id", 1, body, {}), Failed);
  EXPECT_THROW(peer.storage->multipart()->put_part(peer.context, kRef, "id", 0, body, {}),
               InvalidArgument);
}

TEST(S3MultipartTest, ListsParts) {
  S3Peer peer({xml_reply(200,
                         "<ListPartsResult><IsTruncated>true</IsTruncated><Part><PartNumber>3"
                         "</PartNumber><LastModified>" +
                             kTime +
                             "</LastModified><ETag>\"p3\"</ETag>"
                             "<Size>5</Size><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part>"
                             "</ListPartsResult>"),
               xml_reply(200,
                         "<ListPartsResult><Part><PartNumber>2</PartNumber></Part>"
                         "</ListPartsResult>")});
  PartPage page = peer.storage->multipart()->parts(peer.context, kRef, "id", 2, 10);
  EXPECT_EQ(peer.server.request(0).first_line(),
            "GET /bucket/key?uploadId=id&max-parts=10&part-number-marker=2 HTTP/1.1");
  ASSERT_EQ(page.parts.size(), 1u);
  EXPECT_TRUE(page.more);
  EXPECT_EQ(page.parts[0].number, 3u);
  EXPECT_EQ(page.parts[0].size, 5u);
  EXPECT_EQ(page.parts[0].etag, "p3");
  EXPECT_EQ(page.parts[0].checksum, (Checksum{DigestAlgorithm::kCrc32, std::string(4, '\0')}));
  EXPECT_THROW(peer.storage->multipart()->parts(peer.context, kRef, "id", 2, 10), Failed);
}

TEST(S3MultipartTest, ListsUploadsSortedByKeyThenId) {
  auto upload = [](const std::string& key, const std::string& id) {
    return "<Upload><Key>" + key + "</Key><UploadId>" + id + "</UploadId><Initiated>" + kTime +
           "</Initiated></Upload>";
  };
  S3Peer peer({xml_reply(200, "<ListMultipartUploadsResult><EncodingType>url</EncodingType>" +
                                  upload("a%2Fb", "2") + upload("a%2Fb", "1") + upload("c", "0") +
                                  "<CommonPrefixes><Prefix>d%2F</Prefix></CommonPrefixes>"
                                  "<IsTruncated>true</IsTruncated></ListMultipartUploadsResult>")});
  UploadPage page = peer.storage->multipart()->uploads(
      peer.context, {"bucket", "p", "/", "after key", "after id", 5});
  std::vector<std::string> ids;
  for (const UploadInfo& info : page.uploads) ids.push_back(info.key + " " + info.upload_id);
  EXPECT_THAT(ids, testing::ElementsAre("a/b 1", "a/b 2", "c 0"));
  EXPECT_THAT(page.prefixes, testing::ElementsAre("d/"));
  EXPECT_TRUE(page.more);
  for (const char* piece : {"prefix=p", "delimiter=%2F", "key-marker=after%20key",
                            "upload-id-marker=after%20id", "max-uploads=5"}) {
    EXPECT_THAT(peer.server.request(0).first_line(), HasSubstr(piece));
  }
}

TEST(S3MultipartTest, CopiesParts) {
  S3Peer peer({copied("CopyPartResult"), head_of(100), copied("CopyPartResult"), head_of(100),
               copied("CopyPartResult")});
  MultipartStore& store = *peer.storage->multipart();
  ObjectRef source{"other", "so urce"};
  auto copy = [&](std::optional<Range> range) {
    return store.copy_part(peer.context, kRef, "id", 2, source,
                           {.range = range, .source_condition = {.etag_is = {"source"}}});
  };
  EXPECT_EQ(copy(Range{10, 19, std::nullopt}).size, 10u);
  EXPECT_EQ(peer.server.request(0).header("x-amz-copy-source"), "/other/so%20urce");
  EXPECT_EQ(peer.server.request(0).header("x-amz-copy-source-range"), "bytes=10-19");
  EXPECT_EQ(peer.server.request(0).header("x-amz-copy-source-if-match"), "\"source\"");
  EXPECT_EQ(copy(std::nullopt).size, 100u);
  EXPECT_FALSE(peer.server.request(2).has_header("x-amz-copy-source-range"));
  EXPECT_EQ(copy(Range{90, std::nullopt, std::nullopt}).size, 10u);
  EXPECT_EQ(peer.server.request(4).header("x-amz-copy-source-range"), "bytes=90-99");
}

TEST(S3CopyTest, ACopyIsOneRequest) {
  S3Peer peer({copied("CopyObjectResult")});
  CopyRequest request;
  request.source_condition.revision_is = "r";
  request.condition.must_not_exist = true;
  CopyResult result = peer.storage->copy(peer.context, {"bucket", "a+b"}, kRef, request);
  EXPECT_EQ(result.etag, "abc");
  EXPECT_EQ(result.revision, "abc");
  EXPECT_EQ(result.modified, peer.clock.now());
  ASSERT_EQ(peer.server.requests().size(), 1u);
  auto sent = peer.server.request(0);
  EXPECT_EQ(sent.first_line(), "PUT /bucket/key HTTP/1.1");
  EXPECT_EQ(sent.header("x-amz-copy-source"), "/bucket/a%2Bb");
  EXPECT_EQ(sent.header("x-amz-metadata-directive"), "COPY");
  EXPECT_EQ(sent.header("x-amz-copy-source-if-match"), "\"r\"");
  EXPECT_EQ(sent.header("if-none-match"), "*");
  EXPECT_EQ(sent.header("content-length"), "0");
}

TEST(S3CopyTest, AttributesCanBeReplaced) {
  S3Peer peer({copied("CopyObjectResult")});
  CopyRequest request;
  request.replace = Attributes{.metadata = {{"mark", "new"}}};
  peer.storage->copy(peer.context, {"bucket", "a"}, kRef, request);
  EXPECT_EQ(peer.server.request(0).header("x-amz-metadata-directive"), "REPLACE");
  EXPECT_EQ(peer.server.request(0).header("x-amz-meta-mark"), "new");
}

TEST(S3CopyTest, WhatIsTooLargeForOneRequestGoesInParts) {
  constexpr std::uint64_t kSize = (5ull << 30) + 1;
  std::deque<ScriptedReply> replies = {error_reply(400, "InvalidRequest", "source is too large"),
                                       head_of(kSize), created("id")};
  for (int i = 0; i < 11; ++i) replies.push_back(copied("CopyPartResult"));
  replies.push_back(completed());
  replies.push_back(head_of(kSize));
  S3Peer peer(replies);
  CopyRequest request;
  request.condition.must_not_exist = true;
  CopyResult result = peer.storage->copy(peer.context, {"bucket", "a"}, kRef, request);
  EXPECT_EQ(result.etag, "abc-2");
  EXPECT_EQ(result.modified, peer.clock.now());
  EXPECT_EQ(peer.server.request(2).header("content-type"), "text/plain");
  EXPECT_EQ(peer.server.request(3).header("x-amz-copy-source-range"), "bytes=0-536870911");
  EXPECT_EQ(peer.server.request(3).header("x-amz-copy-source-if-match"), "\"source\"");
  EXPECT_EQ(peer.server.request(13).header("x-amz-copy-source-range"),
            "bytes=5368709120-5368709120");
  EXPECT_EQ(peer.server.request(14).header("if-none-match"), "*");
}

TEST(S3CopyTest, ALargeCopyThatFailsIsAborted) {
  S3Peer peer({error_reply(400, "InvalidRequest"), head_of(6ull << 30), created("id"),
               error_reply(412, "PreconditionFailed"), error_reply(500, "InternalError")});
  EXPECT_THROW(peer.storage->copy(peer.context, {"bucket", "a"}, kRef, {}), PreconditionFailed);
  EXPECT_EQ(peer.server.request(4).first_line(), "DELETE /bucket/key?uploadId=id HTTP/1.1");
}

TEST(S3CopyTest, OtherRefusalsStayWhatTheyAre) {
  S3Peer peer({error_reply(400, "InvalidRequest", "copy to itself"), head_of(100),
               error_reply(404, "NoSuchKey"), xml_reply(200, "<CopyObjectResult/>")});
  auto copy = [&] { peer.storage->copy(peer.context, kRef, kRef, {}); };
  EXPECT_THROW(copy(), InvalidArgument);
  EXPECT_THROW(copy(), NotFound);
  EXPECT_THROW(copy(), Failed);
}

}  // namespace
}  // namespace holdfast::storage
