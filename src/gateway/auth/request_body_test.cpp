#include "gateway/auth/request_body.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "codec/text.h"
#include "gateway/checksums.h"
#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using codec::DigestAlgorithm;
using support::checksum_of;
using support::GatewayAnswer;
using support::GatewayTest;
using support::Payload;

// A refused body must leave no object behind, or the old one.
class RequestBodyTest : public GatewayTest {
 protected:
  std::string put_code(const support::GatewayRequest& request) { return root.send(request).code(); }
  bool is_there() { return root.send("HEAD", "/bucket/k").status == 200; }

  support::GatewayRequest chunked(Payload payload, std::string trailer = "") {
    return {.method = "PUT",
            .target = "/bucket/k",
            .body = body_,
            .payload = payload,
            .trailer = trailer};
  }

  const std::string body_ = "a body of some length";
  const std::string crc_ = checksum_of(DigestAlgorithm::kCrc32, body_);
};

TEST_F(RequestBodyTest, ASignedBodyMustBeTheOneSigned) {
  http::ServerRequest request = root.sign({.method = "PUT", .target = "/bucket/k", .body = body_});
  MemorySource other("a body of same length");
  request.body = &other;
  EXPECT_EQ(root.deliver(request).code(), "XAmzContentSHA256Mismatch");
  EXPECT_FALSE(is_there());
}

TEST_F(RequestBodyTest, ABodyThatEndsEarlyIsRefused) {
  http::ServerRequest request = root.sign(
      {.method = "PUT", .target = "/bucket/k", .body = body_, .payload = Payload::kUnsigned});
  MemorySource half(std::string_view(body_).substr(0, 5));
  request.body = &half;
  EXPECT_EQ(root.deliver(request).code(), "IncompleteBody");
  EXPECT_FALSE(is_there());
}

TEST_F(RequestBodyTest, ABodyOfUnknownLengthIsRefused) {
  http::ServerRequest request = root.sign(
      {.method = "PUT", .target = "/bucket/k", .body = body_, .payload = Payload::kUnsigned});
  request.content_length = std::nullopt;
  GatewayAnswer answer = root.deliver(request);
  EXPECT_EQ(answer.status, 411);
  EXPECT_EQ(answer.code(), "MissingContentLength");
}

TEST_F(RequestBodyTest, ChecksumHeadersAreCompared) {
  for (auto algorithm :
       {DigestAlgorithm::kCrc32, DigestAlgorithm::kCrc32c, DigestAlgorithm::kCrc64Nvme,
        DigestAlgorithm::kSha1, DigestAlgorithm::kSha256}) {
    const std::string name = checksum_header(algorithm);
    EXPECT_EQ(put("k", body_, {{name, checksum_of(algorithm, "another")}}).code(), "BadDigest")
        << name;
    EXPECT_FALSE(is_there());
    GatewayAnswer answer = put("k", body_, {{name, checksum_of(algorithm, body_)}});
    EXPECT_EQ(answer.status, 200) << name;
    EXPECT_EQ(answer.header(name), checksum_of(algorithm, body_));
    answer = get("k", {{"x-amz-checksum-mode", "ENABLED"}});
    EXPECT_EQ(answer.header(name), checksum_of(algorithm, body_));
    EXPECT_EQ(answer.header("x-amz-checksum-type"), "FULL_OBJECT");
    EXPECT_EQ(get("k").header(name), "");
    root.send("DELETE", "/bucket/k");
  }
}

TEST_F(RequestBodyTest, ContentMd5IsCompared) {
  EXPECT_EQ(put("k", body_, {{"Content-MD5", checksum_of(DigestAlgorithm::kMd5, "x")}}).code(),
            "BadDigest");
  EXPECT_EQ(put("k", body_, {{"Content-MD5", "not base64"}}).code(), "InvalidDigest");
  EXPECT_FALSE(is_there());
  EXPECT_EQ(put("k", body_, {{"Content-MD5", checksum_of(DigestAlgorithm::kMd5, body_)}}).status,
            200);
}

TEST_F(RequestBodyTest, ChecksumHeadersThatContradictAreRefused) {
  EXPECT_EQ(put("k", body_, {{"x-amz-checksum-crc32", crc_ + "-2"}}).code(), "InvalidRequest");
  auto request = chunked(Payload::kUnsignedTrailer, "x-amz-checksum-crc32:" + crc_);
  request.headers = {{"x-amz-checksum-crc32", crc_}};
  EXPECT_EQ(put_code(request), "InvalidRequest");
  EXPECT_FALSE(is_there());
}

TEST_F(RequestBodyTest, TrailersAreComparedStoredAndReturned) {
  for (Payload payload : {Payload::kChunkedTrailer, Payload::kUnsignedTrailer}) {
    GatewayAnswer answer = root.send(chunked(payload, "x-amz-checksum-crc32:" + crc_));
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.header("x-amz-checksum-crc32"), crc_);
    answer = get("k", {{"x-amz-checksum-mode", "ENABLED"}});
    EXPECT_EQ(answer.body, body_);
    EXPECT_EQ(answer.header("x-amz-checksum-crc32"), crc_);
    root.send("DELETE", "/bucket/k");
    EXPECT_EQ(put_code(chunked(
                  payload, "x-amz-checksum-crc32:" + checksum_of(DigestAlgorithm::kCrc32, "x"))),
              "BadDigest");
    EXPECT_EQ(put_code(chunked(payload, "x-amz-checksum-crc32:rubbish")), "InvalidRequest");
    EXPECT_EQ(put_code(chunked(payload, "x-amz-meta-a:b")), "InvalidRequest");
    EXPECT_FALSE(is_there());
  }
}

TEST_F(RequestBodyTest, AnAnnouncedTrailerMustCome) {
  auto request = chunked(Payload::kUnsignedTrailer);
  request.headers = {{"x-amz-trailer", "x-amz-checksum-crc32"}};
  EXPECT_EQ(put_code(request), "MalformedTrailerError");
  EXPECT_FALSE(is_there());
}

TEST_F(RequestBodyTest, AChangedChunkIsNeverPublished) {
  http::ServerRequest request = root.sign(chunked(Payload::kChunked));
  std::string framed = read_all(*request.body, 10'000);
  framed[framed.find("a body")] = 'A';
  MemorySource changed(framed);
  request.body = &changed;
  EXPECT_EQ(root.deliver(request).code(), "SignatureDoesNotMatch");
  EXPECT_FALSE(is_there());
}

TEST_F(RequestBodyTest, TruncatedChunksAreNeverPublished) {
  for (Payload payload : {Payload::kChunked, Payload::kUnsignedTrailer}) {
    http::ServerRequest whole = root.sign(chunked(payload));
    const std::string framed = read_all(*whole.body, 10'000);
    for (std::size_t cut = 0; cut + 4 < framed.size(); ++cut) {
      http::ServerRequest request = root.sign(chunked(payload));
      MemorySource source(std::string_view(framed).substr(0, cut));
      request.body = &source;
      ASSERT_GE(root.deliver(request).status, 400) << cut;
      ASSERT_FALSE(is_there()) << cut;
    }
  }
}

TEST_F(RequestBodyTest, TheDecodedLengthMustBeRight) {
  for (const char* length : {"5", "500", "x", ""}) {
    http::ServerRequest request = root.sign(chunked(Payload::kUnsignedTrailer));
    codec::SignedRequest to_sign{"PUT", "/bucket/k", {}, {{"Host", "127.0.0.1:9000"}}};
    if (*length) to_sign.headers.emplace_back("x-amz-decoded-content-length", length);
    codec::add_authorization(to_sign, {"root", Secret("rootsecret"), ""}, "us-east-1", clock.now(),
                             codec::kStreamingUnsignedTrailer);
    request.headers = to_sign.headers;
    EXPECT_GE(root.deliver(request).status, 400) << length;
    EXPECT_FALSE(is_there());
  }
}

// Elasticsearch's S3 client marks the framing by x-amz-content-sha256 alone, newer ones by
// Content-Encoding too; neither may end up inside the object.
TEST_F(RequestBodyTest, TheFramingIsNoPropertyOfTheObject) {
  auto request = chunked(Payload::kChunked);
  request.headers = {{"Content-Encoding", "aws-chunked,gzip"}};
  ASSERT_EQ(root.send(request).status, 200);
  EXPECT_EQ(get("k").header("Content-Encoding"), "gzip");
  request.headers = {{"Content-Encoding", "aws-chunked"}};
  ASSERT_EQ(root.send(request).status, 200);
  EXPECT_EQ(get("k").header("Content-Encoding"), "");
  EXPECT_EQ(get("k").body, body_);
}

TEST_F(RequestBodyTest, EmptyBodiesAreCheckedToo) {
  EXPECT_EQ(put("k", "", {{"x-amz-checksum-crc32", crc_}}).code(), "BadDigest");
  EXPECT_FALSE(is_there());
  EXPECT_EQ(
      root.send({.method = "PUT", .target = "/bucket/k", .payload = Payload::kChunked}).status,
      200);
  EXPECT_EQ(get("k").body, "");
}

TEST_F(RequestBodyTest, AFailedWriteKeepsTheOldObject) {
  put("k", "old");
  EXPECT_EQ(put("k", body_, {{"Content-MD5", checksum_of(DigestAlgorithm::kMd5, "x")}}).status,
            400);
  EXPECT_EQ(get("k").body, "old");
}

}  // namespace
}  // namespace holdfast::gateway
