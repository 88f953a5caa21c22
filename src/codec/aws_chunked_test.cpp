#include "codec/aws_chunked.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "codec/digest.h"
#include "support/trickle.h"

namespace holdfast::codec {
namespace {

using support::Trickle;

const Scope kScope{"20130524", "us-east-1", "s3"};
const char kSeed[] = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";

ChunkSigner make_signer(const char* seed = kSeed) {
  Secret secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  return ChunkSigner(signing_key(secret, kScope), "20130524T000000Z", kScope, seed);
}

std::string hash_of(std::string_view text) {
  return to_hex(digest_of(DigestAlgorithm::kSha256, text));
}

std::string hex_size(std::size_t size) {
  char text[20];
  snprintf(text, sizeof text, "%zx", size);
  return text;
}

std::string unsigned_body(const std::vector<std::string>& chunks, std::string_view trailers) {
  std::string out;
  for (const std::string& chunk : chunks) out += hex_size(chunk.size()) + "\r\n" + chunk + "\r\n";
  return out + "0\r\n" + std::string(trailers) + "\r\n";
}

// `trailers`: "name:value" each; with any, their signature follows.
std::string signed_body(const std::vector<std::string>& chunks,
                        const std::vector<std::string>& trailers) {
  ChunkSigner signer = make_signer();
  std::string out;
  for (const std::string& chunk : chunks) {
    out += hex_size(chunk.size()) + ";chunk-signature=" + signer.next_chunk(hash_of(chunk)) +
           "\r\n" + chunk + "\r\n";
  }
  out += "0;chunk-signature=" + signer.next_chunk(hash_of("")) + "\r\n";
  std::string canonical;
  for (const std::string& trailer : trailers) {
    out += trailer + "\r\n";
    canonical += trailer + "\n";
  }
  if (!trailers.empty()) {
    out += "x-amz-trailer-signature:" + signer.trailer(hash_of(canonical)) + "\r\n";
  }
  return out + "\r\n";
}

struct Outcome {
  std::string bytes;
  Headers trailers;
  std::string code;  // empty when all was well
  ErrorKind kind = ErrorKind::kFailed;
};

Outcome decode(std::string_view framed, std::optional<ChunkSigner> signer, bool has_trailer,
               std::uint64_t length, std::size_t piece = 1 << 20) {
  Trickle slow(framed, piece);
  AwsChunkedSource source(slow, std::move(signer), has_trailer, length);
  Outcome out;
  char buffer[777];
  try {
    while (std::size_t count = source.read(buffer)) {
      out.bytes.append(buffer, count);
      EXPECT_EQ(source.size(), length - out.bytes.size());
    }
    out.trailers = source.trailers();
    EXPECT_EQ(source.read(buffer), 0u);
  } catch (const Error& error) {
    out.code = error.code();
    out.kind = error.kind();
    EXPECT_THROW(source.read(buffer), InvalidArgument);
  }
  return out;
}

// The example upload of the AWS documentation: 66,560 times 'a' in two chunks.
TEST(AwsChunked, PublishedUpload) {
  std::string framed =
      "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
      std::string(65536, 'a') +
      "\r\n400;chunk-signature="
      "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
      std::string(1024, 'a') +
      "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n"
      "\r\n";
  ASSERT_EQ(framed.size(), 66824u);
  Outcome out = decode(framed, make_signer(), false, 66560);
  EXPECT_EQ(out.code, "");
  EXPECT_EQ(out.bytes, std::string(66560, 'a'));
}

TEST(AwsChunked, PublishedUploadWithTrailer) {
  const char* seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
  std::string begin =
      "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" +
      std::string(65536, 'a') +
      "\r\n400;chunk-signature="
      "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" +
      std::string(1024, 'a') +
      "\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n";
  std::string signature =
      "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";
  // With CR LF, and as some clients write it: LF, then an empty line before the signature.
  for (const char* between : {"\r\n", "\n\r\n"}) {
    std::string framed =
        begin + "x-amz-checksum-crc32c:sOO8/Q==" + between + signature + "\r\n\r\n";
    Outcome out = decode(framed, make_signer(seed), true, 66560);
    EXPECT_EQ(out.code, "");
    EXPECT_EQ(out.trailers, (Headers{{"x-amz-checksum-crc32c", "sOO8/Q=="}}));
    EXPECT_EQ(digest_of(DigestAlgorithm::kCrc32c, out.bytes), from_base64("sOO8/Q=="));
  }
}

TEST(AwsChunked, UnsignedWithTrailers) {
  std::string framed =
      unsigned_body({"hello ", "world"}, "X-Amz-Checksum-CRC32: DUoRhQ== \r\nx-a:\r\n");
  Outcome out = decode(framed, std::nullopt, true, 11);
  EXPECT_EQ(out.code, "");
  EXPECT_EQ(out.bytes, "hello world");
  EXPECT_EQ(out.trailers, (Headers{{"x-amz-checksum-crc32", "DUoRhQ=="}, {"x-a", ""}}));
}

TEST(AwsChunked, EmptyBodies) {
  EXPECT_EQ(decode(unsigned_body({}, ""), std::nullopt, false, 0).code, "");
  EXPECT_EQ(decode(unsigned_body({}, ""), std::nullopt, true, 0).code, "");
  EXPECT_EQ(decode(signed_body({}, {}), make_signer(), false, 0).code, "");
  EXPECT_EQ(decode(signed_body({}, {"a:b"}), make_signer(), true, 0).trailers,
            (Headers{{"a", "b"}}));
}

TEST(AwsChunked, EveryPieceSizeGivesTheSame) {
  std::string framed = signed_body({std::string(300, 'x'), "y", std::string(40000, 'z')}, {"a:b"});
  for (std::size_t piece : {1, 2, 3, 7, 64, 1000, 16384, 16385, 50000}) {
    Outcome out = decode(framed, make_signer(), true, 40301, piece);
    EXPECT_EQ(out.code, "") << piece;
    EXPECT_EQ(hash_of(out.bytes), hash_of(std::string(300, 'x') + "y" + std::string(40000, 'z')));
  }
}

TEST(AwsChunked, EveryTruncationIsFound) {
  struct Case {
    std::string framed;
    bool is_signed, trailer;
  };
  const Case cases[] = {{unsigned_body({"abc", "de"}, ""), false, false},
                        {unsigned_body({"abc", "de"}, "a:b\r\n"), false, true},
                        {signed_body({"abc", "de"}, {}), true, false},
                        {signed_body({"abc", "de"}, {"a:b"}), true, true}};
  for (const Case& c : cases) {
    auto signer = c.is_signed ? std::optional(make_signer()) : std::nullopt;
    ASSERT_EQ(decode(c.framed, signer, c.trailer, 5).code, "");
    for (std::size_t size = 0; size < c.framed.size(); ++size) {
      Outcome out = decode(c.framed.substr(0, size), signer, c.trailer, 5);
      EXPECT_EQ(out.code, "IncompleteBody") << c.framed.substr(0, size);
      EXPECT_EQ(out.kind, ErrorKind::kInvalidArgument);
    }
  }
}

TEST(AwsChunked, EveryFlippedByteOfASignedBodyIsFound) {
  std::string framed = signed_body({"abc", "de"}, {"a:b"});
  for (std::size_t i = 0; i < framed.size(); ++i) {
    std::string changed = framed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_NE(decode(changed, make_signer(), true, 5).code, "") << i;
  }
}

TEST(AwsChunked, AWrongSignatureWithholdsTheEndOfItsChunk) {
  std::string framed = signed_body({"abc", "de"}, {});
  framed[framed.find("de\r\n")] = 'D';
  Outcome out = decode(framed, make_signer(), false, 5);
  EXPECT_EQ(out.bytes, "abc");
  EXPECT_EQ(out.code, "SignatureDoesNotMatch");
  EXPECT_EQ(out.kind, ErrorKind::kAccessDenied);
}

TEST(AwsChunked, ChunksCannotBeSwappedDroppedOrRepeated) {
  std::string framed = signed_body({"abc", "abc"}, {});
  std::size_t second = framed.find("3;", 2), last = framed.find("0;chunk");
  std::string a = framed.substr(0, second), b = framed.substr(second, last - second),
              end = framed.substr(last);
  for (const std::string& changed : {b + a + end, a + a + end, b + b + end}) {
    EXPECT_EQ(decode(changed, make_signer(), false, 6).code, "SignatureDoesNotMatch");
  }
  EXPECT_EQ(decode(a + end, make_signer(), false, 3).code, "SignatureDoesNotMatch");
}

TEST(AwsChunked, AMissingSignatureIsAWrongOne) {
  EXPECT_EQ(decode(unsigned_body({"abc"}, ""), make_signer(), false, 3).code,
            "SignatureDoesNotMatch");
  EXPECT_EQ(decode("3;other=1\r\nabc\r\n0\r\n\r\n", make_signer(), false, 3).code,
            "SignatureDoesNotMatch");
  std::string no_trailer_signature = signed_body({"abc"}, {});
  no_trailer_signature.insert(no_trailer_signature.size() - 2, "a:b\r\n\r\n");
  EXPECT_EQ(decode(no_trailer_signature, make_signer(), true, 3).code, "SignatureDoesNotMatch");
}

TEST(AwsChunked, TheDecodedLengthMustMatch) {
  std::string framed = unsigned_body({"abc", "de"}, "");
  for (std::uint64_t length : {0u, 2u, 3u, 4u, 6u, 1000u}) {
    EXPECT_EQ(decode(framed, std::nullopt, false, length).code, "IncompleteBody") << length;
  }
}

TEST(AwsChunked, BadSizes) {
  for (const char* bad : {"\r\n", "g\r\n", "0x3\r\nabc\r\n", "-3\r\n", "+3\r\n", " 3\r\n", "3 \r\n",
                          "10000000000000000\r\n", ";chunk-signature=1\r\n"}) {
    EXPECT_EQ(decode(bad, std::nullopt, false, 3).code, "InvalidChunkSizeError") << bad;
  }
  EXPECT_EQ(decode("ffffffffffffffff\r\n", std::nullopt, false, 3).code, "IncompleteBody");
}

TEST(AwsChunked, SignedChunksHaveALargestSize) {
  std::string signature = ";chunk-signature=" + std::string(64, '0') + "\r\n";
  EXPECT_EQ(decode("1000001" + signature, make_signer(), false, 1ull << 40).code,
            "InvalidChunkSizeError");
  EXPECT_EQ(decode("1000000" + signature, make_signer(), false, 1ull << 40).code, "IncompleteBody");
}

TEST(AwsChunked, BadLineEndsAndRubbishAfterTheEnd) {
  for (const char* bad :
       {"3\nabc\r\n0\r\n\r\n", "3\r\nabc0\r\n\r\n", "3\r\nabc\n0\r\n\r\n", "3\r\nabc\r\n0\r\nxx",
        "3\r\nabc\r\n0\r\n\r\nx", "3\r\nabc\r\n0\r\na:b\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n\r\n"}) {
    EXPECT_EQ(decode(bad, std::nullopt, false, 3).code, "IncompleteBody") << bad;
  }
}

TEST(AwsChunked, HeadsAndTrailersAreBounded) {
  EXPECT_EQ(decode(std::string(1000, '0') + "\r\n\r\n", std::nullopt, false, 0).code,
            "IncompleteBody");
  std::string head = "3;x=" + std::string(200, 'x') + "\r\nabc\r\n0\r\n\r\n";
  EXPECT_EQ(decode(head, std::nullopt, false, 3).code, "");
  EXPECT_EQ(decode("0\r\na:" + std::string(4000, 'b') + "\r\n\r\n", std::nullopt, true, 0).code,
            "");
  EXPECT_EQ(decode("0\r\na:" + std::string(4200, 'b') + "\r\n\r\n", std::nullopt, true, 0).code,
            "IncompleteBody");
  std::string many = "0\r\n";
  for (int i = 0; i < 1000; ++i) many += "a:b\r\n";
  EXPECT_EQ(decode(many + "\r\n", std::nullopt, true, 0).code, "IncompleteBody");
}

TEST(AwsChunked, MalformedTrailers) {
  for (const char* bad :
       {"no colon\r\n", ":v\r\n", "a b:v\r\n", "\xc3\xa4:v\r\n", "a:\x01\r\n", "a:\xff\r\n"}) {
    EXPECT_EQ(decode(unsigned_body({}, bad), std::nullopt, true, 0).code, "IncompleteBody") << bad;
  }
  std::string body = signed_body({}, {"a:b"});
  body.insert(body.size() - 2, "c:d\r\n");
  EXPECT_EQ(decode(body, make_signer(), true, 0).code, "IncompleteBody");
}

TEST(AwsChunked, AnEmptyReadTakesNothing) {
  MemorySource framed("0\r\n\r\n");
  AwsChunkedSource source(framed, std::nullopt, false, 0);
  EXPECT_EQ(source.read({}), 0u);
  EXPECT_EQ(framed.size(), 5u);
}

}  // namespace
}  // namespace holdfast::codec
