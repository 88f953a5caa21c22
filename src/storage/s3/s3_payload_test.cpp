#include "storage/s3/s3_payload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/aws_chunked.h"
#include "codec/text.h"

namespace holdfast::storage {
namespace {

using codec::DigestAlgorithm;
using testing::Contains;
using testing::Pair;
using testing::UnorderedElementsAre;

const ObjectRef kRef{"bucket", "key"};

std::string digest(DigestAlgorithm algorithm, std::string_view bytes) {
  return codec::digest_of(algorithm, bytes);
}
std::string base64(DigestAlgorithm algorithm, std::string_view bytes) {
  return codec::to_base64(digest(algorithm, bytes));
}

// Bytes that pass once, in pieces of odd sizes, and say how often they were read.
class Stream : public Source {
 public:
  explicit Stream(std::string bytes) : bytes_(std::move(bytes)), inner_(bytes_) {}
  std::size_t read(std::span<char> into) override {
    ++reads;
    return inner_.read(into.first(std::min<std::size_t>(into.size(), 70'001)));
  }
  std::optional<std::uint64_t> size() const override { return inner_.size(); }
  int reads = 0;

 private:
  std::string bytes_;
  MemorySource inner_;
};

TEST(S3PayloadTest, AKnownSha256IsSignedWithoutReading) {
  Stream body("content");
  PutRequest request{.sha256 = digest(DigestAlgorithm::kSha256, "content")};
  request.md5 = digest(DigestAlgorithm::kMd5, "content");
  request.attributes.checksum = {DigestAlgorithm::kCrc32c,
                                 digest(DigestAlgorithm::kCrc32c, "content")};
  S3Payload payload = choose_payload(body, request, kRef);
  EXPECT_EQ(payload.hash, codec::to_hex(*request.sha256));
  EXPECT_EQ(payload.source, &body);
  EXPECT_EQ(payload.size, 7u);
  EXPECT_EQ(body.reads, 0);
  EXPECT_THAT(payload.headers,
              UnorderedElementsAre(
                  Pair("content-md5", base64(DigestAlgorithm::kMd5, "content")),
                  Pair("x-amz-checksum-crc32c", base64(DigestAlgorithm::kCrc32c, "content"))));
}

TEST(S3PayloadTest, AKnownChecksumOrMd5ProtectsAnUnsignedBody) {
  Stream body("content");
  PutRequest request;
  request.attributes.checksum = {DigestAlgorithm::kSha1, digest(DigestAlgorithm::kSha1, "content")};
  S3Payload payload = choose_payload(body, request, kRef);
  EXPECT_EQ(payload.hash, "UNSIGNED-PAYLOAD");
  EXPECT_THAT(
      payload.headers,
      UnorderedElementsAre(Pair("x-amz-checksum-sha1", base64(DigestAlgorithm::kSha1, "content"))));
  request.attributes.checksum.reset();
  request.md5 = digest(DigestAlgorithm::kMd5, "content");
  payload = choose_payload(body, request, kRef);
  EXPECT_EQ(payload.hash, "UNSIGNED-PAYLOAD");
  EXPECT_THAT(payload.headers,
              UnorderedElementsAre(Pair("content-md5", base64(DigestAlgorithm::kMd5, "content"))));
  EXPECT_EQ(body.reads, 0);
}

TEST(S3PayloadTest, ABodyThatRewindsIsHashedFirst) {
  std::string bytes(600'000, 'x');
  MemorySource body(bytes);
  PutRequest request;
  Checksum trailer{DigestAlgorithm::kCrc32, digest(DigestAlgorithm::kCrc32, bytes)};
  request.checksum_at_end = [&] { return trailer; };
  S3Payload payload = choose_payload(body, request, kRef);
  EXPECT_EQ(payload.hash, codec::to_hex(digest(DigestAlgorithm::kSha256, bytes)));
  EXPECT_THAT(payload.headers, UnorderedElementsAre(Pair("x-amz-checksum-crc32",
                                                         base64(DigestAlgorithm::kCrc32, bytes))));
  EXPECT_EQ(body.size(), bytes.size());
}

TEST(S3PayloadTest, ABodyThatIsNotWhatItAnnouncedIsRefused) {
  class Liar : public MemorySource {
   public:
    using MemorySource::MemorySource;
    std::optional<std::uint64_t> size() const override { return 5; }
  };
  for (const char* bytes : {"four", "sixsix"}) {
    Liar body(bytes);
    EXPECT_THROW(choose_payload(body, {}, kRef), Failed);
  }
  class Endless : public Source {
    std::size_t read(std::span<char>) override { return 0; }
  } endless;
  EXPECT_THROW(choose_payload(endless, {}, kRef), InvalidArgument);
}

// What a server makes of the framing.
std::string unframe(S3Payload& payload, codec::Headers& trailers) {
  std::uint64_t announced = *payload.source->size();
  std::string framed = read_all(*payload.source, 1 << 30);
  EXPECT_EQ(framed.size(), announced);
  MemorySource source(framed);
  codec::AwsChunkedSource decoder(source, std::nullopt, true, payload.size);
  std::string bytes = read_all(decoder, 1 << 30);
  trailers = decoder.trailers();
  return bytes;
}

TEST(S3PayloadTest, AStreamGetsATrailer) {
  for (std::size_t size : {0u, 1u, 262'143u, 262'144u, 262'145u, 524'288u, 1'000'000u}) {
    std::string bytes(size, 'x');
    Stream body(bytes);
    S3Payload payload = choose_payload(body, {}, kRef);
    EXPECT_EQ(payload.hash, "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    EXPECT_EQ(payload.size, size);
    EXPECT_THAT(payload.headers,
                UnorderedElementsAre(Pair("x-amz-decoded-content-length", std::to_string(size)),
                                     Pair("x-amz-trailer", "x-amz-checksum-crc32c")));
    codec::Headers trailers;
    EXPECT_TRUE(unframe(payload, trailers) == bytes) << size;
    EXPECT_THAT(trailers, UnorderedElementsAre(Pair("x-amz-checksum-crc32c",
                                                    base64(DigestAlgorithm::kCrc32c, bytes))));
  }
}

TEST(S3PayloadTest, APartThatPassesOnceIsSignedChunkByChunk) {
  const codec::Scope scope{"20261123", "eu-west-1", "s3"};
  const codec::ChunkSigner signer(codec::signing_key(Secret("secret"), scope), "20261123T120000Z",
                                  scope, std::string(64, '0'));
  for (std::size_t size : {0u, 1u, 131'071u, 131'072u, 131'073u, 262'144u, 1'000'000u}) {
    const std::string bytes(size, 'x');
    Stream body(bytes);
    S3Payload payload = choose_payload(body, {}, kRef, PayloadOf::kPart);
    EXPECT_EQ(payload.hash, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    EXPECT_THAT(payload.headers,
                UnorderedElementsAre(Pair("x-amz-decoded-content-length", std::to_string(size))));
    ASSERT_NE(payload.to_sign, nullptr);
    payload.to_sign->sign_with(signer);
    const std::uint64_t announced = *payload.source->size();
    const std::string framed = read_all(*payload.source, 1 << 30);
    EXPECT_EQ(framed.size(), announced) << size;
    EXPECT_EQ(payload.source->size(), 0u);
    MemorySource source(framed);
    codec::AwsChunkedSource decoder(source, signer, false, size);
    EXPECT_TRUE(read_all(decoder, 1 << 30) == bytes) << size;
  }
}

TEST(S3PayloadTest, APartWithAChecksumOfItsOwnKeepsIt) {
  Stream body("hello");
  PutRequest request;
  request.attributes.checksum = {DigestAlgorithm::kCrc32, ""};
  EXPECT_EQ(choose_payload(body, request, kRef, PayloadOf::kPart).hash,
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
}

TEST(S3PayloadTest, SignedChunksWantTheirBodyAsAnnouncedAndASigner) {
  Stream body("hello");
  S3Payload payload = choose_payload(body, {}, kRef, PayloadOf::kPart);
  char byte;
  EXPECT_THROW(payload.source->read({&byte, 1}), Failed);
  class Short : public Source {
   public:
    std::size_t read(std::span<char>) override { return 0; }
    std::optional<std::uint64_t> size() const override { return 5; }
  } cut;
  S3Payload other = choose_payload(cut, {}, kRef, PayloadOf::kPart);
  const codec::Scope scope{"20261123", "eu-west-1", "s3"};
  other.to_sign->sign_with({codec::signing_key(Secret("secret"), scope), "20261123T120000Z", scope,
                            std::string(64, '0')});
  EXPECT_THROW(other.source->read({&byte, 1}), Failed);
}

TEST(S3PayloadTest, TheFramingByteByByte) {
  Stream body("hello");
  S3Payload payload = choose_payload(body, {}, kRef);
  std::string framed;
  char byte;
  while (payload.source->read({&byte, 1})) framed += byte;
  EXPECT_EQ(framed, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:" +
                        base64(DigestAlgorithm::kCrc32c, "hello") + "\r\n\r\n");
  EXPECT_EQ(payload.source->size(), 0u);
  EXPECT_EQ(payload.source->read({&byte, 1}), 0u);
}

TEST(S3PayloadTest, TheTrailersAlgorithmCanBeNamedBeforehand) {
  Stream body("content");
  PutRequest request;
  request.attributes.checksum = Checksum{DigestAlgorithm::kSha256, ""};
  Checksum told{DigestAlgorithm::kSha256, digest(DigestAlgorithm::kSha256, "content")};
  request.checksum_at_end = [&] { return told; };
  S3Payload payload = choose_payload(body, request, kRef);
  codec::Headers trailers;
  EXPECT_EQ(unframe(payload, trailers), "content");
  EXPECT_THAT(trailers,
              Contains(Pair("x-amz-checksum-sha256", base64(DigestAlgorithm::kSha256, "content"))));
}

TEST(S3PayloadTest, ATrailerThatTheBodyChecksIsPassedOnAndNotComputedAgain) {
  Stream body("content");
  PutRequest request;
  request.attributes.checksum = Checksum{DigestAlgorithm::kCrc32, ""};
  Checksum told{DigestAlgorithm::kCrc32, "four"};
  request.checksum_at_end = [&] { return told; };
  S3Payload payload = choose_payload(body, request, kRef);
  codec::Headers trailers;
  EXPECT_EQ(unframe(payload, trailers), "content");
  EXPECT_THAT(trailers, Contains(Pair("x-amz-checksum-crc32", codec::to_base64("four"))));
}

TEST(S3PayloadTest, ATrailerThatIsNotToldStopsTheBodyBeforeItsEnd) {
  Stream body("content");
  PutRequest request;
  request.attributes.checksum = Checksum{DigestAlgorithm::kCrc32, ""};
  request.checksum_at_end = [] { return std::optional<Checksum>(); };
  S3Payload payload = choose_payload(body, request, kRef);
  EXPECT_THROW(read_all(*payload.source, 1000), Failed);
  EXPECT_GT(*payload.source->size(), 0u);
}

TEST(S3PayloadTest, AWrongTrailerStopsTheBodyBeforeItsEnd) {
  Stream body("content");
  PutRequest request;
  Checksum told{DigestAlgorithm::kCrc32c, digest(DigestAlgorithm::kCrc32c, "other")};
  request.checksum_at_end = [&] { return told; };
  S3Payload payload = choose_payload(body, request, kRef);
  try {
    read_all(*payload.source, 1000);
    FAIL() << "a wrong trailer was sent";
  } catch (const InvalidArgument& error) {
    EXPECT_EQ(error.code(), kBadDigest);
  }
  EXPECT_GT(*payload.source->size(), 0u);
}

TEST(S3PayloadTest, NamesItsFramingBeforeTheObjectsOwnEncoding) {
  Stream body("content");
  S3Payload framed = choose_payload(body, {}, kRef);
  codec::Headers headers{{"content-type", "text/plain"}};
  framed.mark_encoding(headers);
  EXPECT_THAT(headers, Contains(Pair("content-encoding", "aws-chunked")));
  headers = {{"content-encoding", "gzip"}};
  framed.mark_encoding(headers);
  EXPECT_THAT(headers, UnorderedElementsAre(Pair("content-encoding", "aws-chunked,gzip")));
  MemorySource memory("content");
  headers = {{"content-encoding", "gzip"}};
  choose_payload(memory, {}, kRef).mark_encoding(headers);
  EXPECT_THAT(headers, UnorderedElementsAre(Pair("content-encoding", "gzip")));
}

}  // namespace
}  // namespace holdfast::storage
