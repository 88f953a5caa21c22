#include "codec/digest.h"

#include <gtest/gtest.h>
#include <thread>

#include "codec/text.h"

namespace holdfast::codec {
namespace {

const DigestAlgorithm kAll[] = {DigestAlgorithm::kMd5,    DigestAlgorithm::kSha1,
                                DigestAlgorithm::kSha256, DigestAlgorithm::kCrc32,
                                DigestAlgorithm::kCrc32c, DigestAlgorithm::kCrc64Nvme};

std::string hex_of(DigestAlgorithm algorithm, std::string_view bytes) {
  return to_hex(digest_of(algorithm, bytes));
}

// RFC 1321 appendix A.5.
TEST(Digest, Md5Vectors) {
  EXPECT_EQ(hex_of(DigestAlgorithm::kMd5, ""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex_of(DigestAlgorithm::kMd5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex_of(DigestAlgorithm::kMd5, "message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
}

// RFC 3174 section 7.3 and FIPS 180-4.
TEST(Digest, ShaVectors) {
  EXPECT_EQ(hex_of(DigestAlgorithm::kSha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex_of(DigestAlgorithm::kSha1, std::string(1'000'000, 'a')),
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  EXPECT_EQ(hex_of(DigestAlgorithm::kSha256, ""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_of(DigestAlgorithm::kSha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, CrcCheckValuesAreBigEndian) {
  EXPECT_EQ(hex_of(DigestAlgorithm::kCrc32, "123456789"), "cbf43926");
  EXPECT_EQ(hex_of(DigestAlgorithm::kCrc32c, "123456789"), "e3069283");
  EXPECT_EQ(hex_of(DigestAlgorithm::kCrc64Nvme, "123456789"), "ae8b14860a799888");
  EXPECT_EQ(hex_of(DigestAlgorithm::kCrc32, ""), "00000000");
  EXPECT_EQ(hex_of(DigestAlgorithm::kCrc64Nvme, ""), "0000000000000000");
}

// RFC 3720 appendix B.4.
TEST(Digest, Crc32cOfRepeatedBytes) {
  EXPECT_EQ(hex_of(DigestAlgorithm::kCrc32c, std::string(32, '\0')), "8a9136aa");
  EXPECT_EQ(hex_of(DigestAlgorithm::kCrc32c, std::string(32, '\xff')), "62a8ab43");
}

TEST(Digest, StartsAnewAfterFinish) {
  for (DigestAlgorithm algorithm : kAll) {
    Digest digest(algorithm);
    digest.update("something else");
    digest.finish();
    digest.update("ab");
    digest.update("");
    digest.update("c");
    EXPECT_EQ(digest.finish(), digest_of(algorithm, "abc")) << name_of(algorithm);
    EXPECT_EQ(digest.finish(), digest_of(algorithm, "")) << name_of(algorithm);
  }
}

TEST(Digest, SizesAndNames) {
  for (DigestAlgorithm algorithm : kAll) {
    EXPECT_EQ(digest_of(algorithm, "x").size(), digest_size(algorithm));
    EXPECT_EQ(parse_digest_algorithm(name_of(algorithm)), algorithm);
    EXPECT_EQ(Digest(algorithm).algorithm(), algorithm);
  }
  EXPECT_EQ(parse_digest_algorithm("crc64nvme"), DigestAlgorithm::kCrc64Nvme);
  EXPECT_EQ(parse_digest_algorithm("Sha256"), DigestAlgorithm::kSha256);
  for (const char* bad : {"", "CRC", "SHA-256", "MD5 ", "CRC64"}) {
    EXPECT_EQ(parse_digest_algorithm(bad), std::nullopt) << bad;
  }
}

TEST(Digest, MovesAlsoHalfWay) {
  Digest first(DigestAlgorithm::kMd5);
  first.update("a");
  Digest second(std::move(first));
  second.update("b");
  Digest third(DigestAlgorithm::kSha1);
  third = std::move(second);
  third.update("c");
  EXPECT_EQ(third.finish(), digest_of(DigestAlgorithm::kMd5, "abc"));
}

TEST(Digest, AnAbandonedOneLeavesNothingBehindForTheNext) {
  for (int i = 0; i < 20; ++i) {
    Digest abandoned(DigestAlgorithm::kSha256);
    abandoned.update("half a message");
  }
  EXPECT_EQ(hex_of(DigestAlgorithm::kSha256, "abc").substr(0, 8), "ba7816bf");
}

TEST(Digest, ManyAtOnceAndEndedInAnotherThread) {
  std::vector<Digest> digests;
  for (int i = 0; i < 20; ++i) {
    digests.emplace_back(DigestAlgorithm::kMd5);
    digests.back().update(std::to_string(i));
  }
  std::thread([moved = std::move(digests)]() mutable {
    for (std::size_t i = 0; i < moved.size(); ++i) {
      EXPECT_EQ(moved[i].finish(), digest_of(DigestAlgorithm::kMd5, std::to_string(i)));
    }
    moved.clear();
  }).join();
}

// A digest that lives longer than its thread's pool of contexts must not touch the pool again.
TEST(Digest, OutlivesThePoolOfItsThread) {
  std::string out;
  std::thread([&out] {
    struct Last {
      std::unique_ptr<Digest> digest;
      std::string* out = nullptr;
      ~Last() {
        *out = digest->finish();
        digest.reset();
        *out += digest_of(DigestAlgorithm::kMd5, "");
      }
    };
    thread_local Last last;  // constructed before the pool, so destroyed after it
    last.out = &out;
    last.digest = std::make_unique<Digest>(DigestAlgorithm::kMd5);
    last.digest->update("abc");
    digest_of(DigestAlgorithm::kMd5, "x");
  }).join();
  EXPECT_EQ(to_hex(out), "900150983cd24fb0d6963f7d28e17f72d41d8cd98f00b204e9800998ecf8427e");
}

// RFC 2202 section 3, cases 1, 2 and 6.
TEST(Hmac, Sha1Vectors) {
  EXPECT_EQ(to_hex(hmac_sha1(std::string(20, '\x0b'), "Hi There")),
            "b617318655057264e28bc0b6fb378c8ef146be00");
  EXPECT_EQ(to_hex(hmac_sha1("Jefe", "what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(to_hex(hmac_sha1(std::string(80, '\xaa'),
                             "Test Using Larger Than Block-Size Key - Hash Key First")),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

// RFC 4231 sections 4.2, 4.3 and 4.7 (a key longer than a block).
TEST(Hmac, Sha256Vectors) {
  EXPECT_EQ(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'),
                               "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace holdfast::codec
