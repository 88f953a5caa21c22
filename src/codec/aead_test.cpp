#include "codec/aead.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "codec/text.h"
#include "support/counted_bytes.h"

namespace holdfast::codec {
namespace {

using support::counted_bytes;

std::string sealed(AesGcm& cipher, std::string_view nonce, std::string_view associated,
                   std::string_view plain) {
  std::string out(plain.size() + kGcmTagSize, '\0');
  cipher.seal(nonce, associated, plain, out);
  return out;
}

const Secret kKey(counted_bytes(0, 32));
const std::string kNonce = counted_bytes(100, 12);

// Computed with Python's cryptography (AESGCM).
TEST(AeadTest, SealsAsOthersDo) {
  AesGcm cipher(kKey);
  EXPECT_EQ(to_hex(sealed(cipher, kNonce, "header", "attack at dawn")),
            "296faa071a8276ff4a423b89ad0b678c5fc65f267e12fb613118647a8e38");
  EXPECT_EQ(to_hex(sealed(cipher, kNonce, "", "")), "609bd50f6ad76df665f048ba8c5fd706");
}

TEST(AeadTest, OpensOnlyWhatWasSealedSo) {
  AesGcm cipher(kKey);
  const std::string bytes = sealed(cipher, kNonce, "header", "attack at dawn");
  std::string out(14, '\0');
  EXPECT_TRUE(cipher.open(kNonce, "header", bytes, out));
  EXPECT_EQ(out, "attack at dawn");
  EXPECT_FALSE(cipher.open(kNonce, "other", bytes, out));
  EXPECT_FALSE(cipher.open(counted_bytes(101, 12), "header", bytes, out));
  EXPECT_FALSE(AesGcm(Secret(counted_bytes(1, 32))).open(kNonce, "header", bytes, out));
  EXPECT_FALSE(cipher.open(kNonce, "header", bytes.substr(1), out));
  EXPECT_FALSE(cipher.open(kNonce, "header", "short", out));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] = char(flipped[at] ^ 1);
    EXPECT_FALSE(cipher.open(kNonce, "header", flipped, out)) << at;
  }
  EXPECT_TRUE(cipher.open(kNonce, "header", bytes, out));  // a failure leaves nothing behind
}

TEST(AeadTest, RefusesSizesThatAreNoKeysNoncesOrBuffers) {
  EXPECT_THROW(AesGcm(Secret(counted_bytes(0, 31))), InvalidArgument);
  AesGcm cipher(kKey);
  std::string out(64, '\0');
  EXPECT_THROW(cipher.seal("short", "", "x", out), Failed);
  EXPECT_THROW(cipher.seal(kNonce, "", "x", std::span(out).first(16)), Failed);
  EXPECT_THROW(cipher.open(kNonce, "", std::string(40, 'x'), std::span(out).first(3)), Failed);
}

// RFC 5869, test cases 1 and 3.
TEST(AeadTest, DerivesKeysAsTheRfcSays) {
  const Secret key(std::string(22, '\x0b'));
  EXPECT_EQ(to_hex(hkdf_sha256(key, counted_bytes(0, 13), counted_bytes(0xf0, 10), 42).reveal()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  EXPECT_EQ(to_hex(hkdf_sha256(key, "", "", 42).reveal()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
  EXPECT_THROW(hkdf_sha256(key, "", "", 8161), Failed);
}

}  // namespace
}  // namespace holdfast::codec
