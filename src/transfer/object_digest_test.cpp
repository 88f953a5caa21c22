#include "transfer/object_digest.h"

#include <gtest/gtest.h>

#include "codec/digest.h"
#include "codec/text.h"

namespace holdfast::transfer {
namespace {

std::string sha256(std::string_view bytes) {
  return codec::digest_of(codec::DigestAlgorithm::kSha256, bytes);
}

TEST(ObjectDigestTest, OnePieceIsPlainSha256) {
  EXPECT_EQ(object_digest_of("abc", 3).text(), "sha256:" + codec::to_hex(sha256("abc")));
  EXPECT_EQ(object_digest_of("").text(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(ObjectDigestTest, SeveralPiecesAreHashedTwice) {
  std::string expected = sha256(sha256("abc") + sha256("def") + sha256("g"));
  EXPECT_EQ(object_digest_of("abcdefg", 3).text(), "sha256-tree-3:" + codec::to_hex(expected));
}

TEST(ObjectDigestTest, TheDefaultPieceIsEightMebibytes) {
  std::string bytes(kDigestPiece, 'x');
  EXPECT_TRUE(object_digest_of(bytes).text().starts_with("sha256:"));
  bytes += 'x';
  std::string expected = sha256(sha256(bytes.substr(0, kDigestPiece)) + sha256("x"));
  EXPECT_EQ(object_digest_of(bytes).text(), "sha256-tree-8388608:" + codec::to_hex(expected));
}

TEST(ObjectDigestTest, PiecesMayComeInAnyOrder) {
  PieceDigests pieces(7, 3);
  ASSERT_EQ(pieces.count(), 3u);
  EXPECT_EQ(pieces.offset(2), 6u);
  EXPECT_EQ(pieces.length(2), 1u);
  pieces.set(2, sha256("g"));
  pieces.set(0, sha256("abc"));
  pieces.set(1, sha256("def"));
  EXPECT_EQ(pieces.finish(), object_digest_of("abcdefg", 3));
}

TEST(ObjectDigestTest, CountsPieces) {
  EXPECT_EQ(piece_count(0, 5), 1u);
  EXPECT_EQ(piece_count(5, 5), 1u);
  EXPECT_EQ(piece_count(6, 5), 2u);
  EXPECT_EQ(piece_count(10, 5), 2u);
}

TEST(ObjectDigestTest, ReadsWhatItWrites) {
  for (std::uint64_t piece : {1u, 2u, 7u, 8u}) {
    ObjectDigest digest = object_digest_of("abcdefg", piece);
    auto read = parse_object_digest(digest.text(), 7);
    ASSERT_TRUE(read) << digest.text();
    EXPECT_EQ(*read, digest);
    EXPECT_EQ(read->text(), digest.text());
  }
}

TEST(ObjectDigestTest, APlainDigestMayBeOfAnySize) {
  auto read = parse_object_digest("sha256:" + std::string(64, 'a'), 1ull << 40);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->piece_size, 1ull << 40);
}

TEST(ObjectDigestTest, RefusesWhatItWouldNotWrite) {
  std::string hex(64, 'a');
  for (const std::string& text :
       {std::string(), hex, "md5:" + hex, "sha256:" + hex.substr(1), "sha256:" + hex + "aa",
        "sha256:" + std::string(64, 'g'), "sha256-tree-:" + hex, "sha256-tree-0:" + hex,
        "sha256-tree-03:" + hex, "sha256-tree--3:" + hex, "sha256-tree-3x:" + hex,
        "sha256-tree-99999999999999999999:" + hex, "sha256-tree-7:" + hex, " sha256:" + hex}) {
    EXPECT_EQ(parse_object_digest(text, 7), std::nullopt) << text;
  }
  EXPECT_TRUE(parse_object_digest("sha256-tree-1:" + hex, kMaxPieces));
  EXPECT_FALSE(parse_object_digest("sha256-tree-1:" + hex, kMaxPieces + 1));
}

TEST(ObjectDigestTest, EqualOnlyWhenTheBytesAre) {
  ObjectDigest digest = object_digest_of("abcdefg", 3);
  EXPECT_EQ(object_digest_of("abc", 3), object_digest_of("abc", 5));
  EXPECT_FALSE(digest == object_digest_of("abcdefg", 4));
  EXPECT_FALSE(digest == object_digest_of("abcdefh", 3));
  ObjectDigest longer = digest;
  ++longer.size;
  EXPECT_FALSE(digest == longer);
}

TEST(ObjectDigestTest, OfAStreamIsThatOfItsBytes) {
  for (std::size_t size : {0u, 1u, 99u, 100u, 101u, 200u, 250u}) {
    std::string bytes(size, 'x');
    if (size > 120) bytes[120] = 'y';
    MemorySource source(bytes);
    EXPECT_EQ(object_digest_of(Context::background(), source, 100), object_digest_of(bytes, 100));
  }
}

}  // namespace
}  // namespace holdfast::transfer
