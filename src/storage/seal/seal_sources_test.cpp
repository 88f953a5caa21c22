#include <gtest/gtest.h>

#include "base/error.h"
#include "codec/digest.h"
#include "codec/text.h"
#include "storage/seal/opening_source.h"
#include "storage/seal/sealing_source.h"

namespace holdfast::storage {
namespace {

const Secret kKey(std::string(32, 'k')), kOther(std::string(32, 'o'));
const std::string kNoId(kSealKeyId, '\0');

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = char((i * 7 + i / 251) & 0xff);
  return out;
}

std::string seal(std::string_view plain, unsigned part = 0,
                 const std::string& object = std::string(16, 'i')) {
  MemorySource source(plain);
  SealingSource sealing(source, {SealedWith::kCustomerKey, part, 0, object, kNoId}, kKey, "test");
  EXPECT_EQ(sealing.size(), sealed_size(plain.size()));
  return read_all(sealing, 1 << 30);
}

// Counts what it reads, to see that ranges read no more than they need.
struct Lying {
  std::vector<std::string> segments;
  std::uint64_t read = 0;

  std::string bytes() const {
    std::string all;
    for (const std::string& each : segments) all += each;
    return all;
  }
  SealedBytes sealed(std::string all) {
    SealedBytes out;
    out.read_at = [this, all = std::move(all)](std::uint64_t offset, std::span<char> into) {
      if (offset + into.size() > all.size()) throw Corrupt("test", "too short");
      all.copy(into.data(), into.size(), offset);
      read += into.size();
    };
    for (const std::string& each : segments) out.segments.push_back(each.size());
    out.what = "test";
    return out;
  }
  std::string open(Stretch stretch, const Secret& key = kKey) {
    return open_bytes(bytes(), stretch, key);
  }
  std::string open_bytes(std::string all, Stretch stretch, const Secret& key = kKey,
                         Damage damage = Damage::kThrows) {
    OpeningSource source(
        sealed(std::move(all)), [&](const SegmentHeader&) { return key; }, stretch, damage);
    return read_all(source, 1 << 30);
  }
};

TEST(SealSourcesTest, GiveBackWhatWasSealed) {
  for (std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 200'000u}) {
    const std::string plain = pattern(size);
    Lying one{{seal(plain)}};
    EXPECT_EQ(one.open({0, size}), plain) << size;
  }
}

// Made by tests/support/sealed.py, which uses Python's cryptography.
TEST(SealSourcesTest, OpenWhatAnotherImplementationSealed) {
  const std::string bytes = *codec::from_hex(
      "68667365616c656401011000000000000e00000000000000000102030405060708090a0b0c0d0e0f0000000000"
      "0000006465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182837d4a108c8af020f9de58"
      "8dddc291e563b4db518b5750bb7bc645710fd3de9d66b7384884720f013856a91d81c42f7d0ecb09fba6aacbf9"
      "0e56cdac5b6713a0a5633200f4b97a4778be1533c70aed2618927a");
  std::string key;
  for (unsigned i = 0; i < 32; ++i) key += char(i);
  EXPECT_EQ(Lying{{bytes}}.open({0, 14}, Secret(key)), "attack at dawn");
}

TEST(SealSourcesTest, StretchesReadOnlyTheChunksThatTheyNeed) {
  const std::string plain = pattern(1'000'000);
  Lying one{{seal(plain)}};
  for (Stretch stretch : {Stretch{0, 1},
                          {65535, 2},
                          {500'000, 100},
                          {999'999, 1},
                          {0, 1'000'000},
                          {65536, 65536},
                          {1'000'000, 0}}) {
    one.read = 0;
    EXPECT_EQ(one.open(stretch), plain.substr(stretch.offset, stretch.length));
    EXPECT_LE(one.read, kSegmentHeader + (stretch.length / kSealedChunk + 2) * 65552);
  }
}

TEST(SealSourcesTest, PartsFollowEachOther) {
  const std::string plain = pattern(300'000);
  Lying parts{{seal(plain.substr(0, 100'000), 1), seal("", 2),
               seal(plain.substr(100'000, 70'000), 4), seal(plain.substr(170'000), 9)}};
  for (Stretch stretch : {Stretch{0, 300'000}, {99'999, 2}, {100'000, 1}, {169'999, 130'001}}) {
    EXPECT_EQ(parts.open(stretch), plain.substr(stretch.offset, stretch.length));
  }
}

TEST(SealSourcesTest, CanBeReadAgain) {
  Lying one{{seal(pattern(70'000))}};
  OpeningSource source(one.sealed(one.bytes()), [](const SegmentHeader&) { return kKey; },
                       {10, 66'000});
  const std::string first = read_all(source, 1 << 20);
  EXPECT_EQ(source.size(), 0u);
  ASSERT_TRUE(source.rewind());
  EXPECT_EQ(read_all(source, 1 << 20), first);
}

TEST(SealSourcesTest, AnotherKeyIsToldFromDamage) {
  Lying one{{seal("bytes")}};
  EXPECT_THROW(one.open({0, 5}, kOther), AccessDenied);
  EXPECT_THROW(one.open({0, 0}, kOther), AccessDenied);
}

TEST(SealSourcesTest, EveryFlippedByteIsFound) {
  Lying one{{seal("what nobody else shall read")}};
  for (std::size_t at = 0; at < one.bytes().size(); ++at) {
    std::string flipped = one.bytes();
    flipped[at] = char(flipped[at] ^ 1);
    EXPECT_THROW(one.open_bytes(flipped, {0, 27}), Corrupt) << at;
  }
}

// For who compares digests: no error, and other bytes than were sealed.
TEST(SealSourcesTest, DamageCanComeAsItLies) {
  const std::string plain = pattern(70'000);
  Lying one{{seal(plain)}};
  for (std::size_t at : {3u, 100u, 140u, 65'700u, 70'163u}) {
    std::string flipped = one.bytes();
    flipped[at] = char(flipped[at] ^ 1);
    const std::string found =
        one.open_bytes(flipped, {0, plain.size()}, kKey, Damage::kComesAsItLies);
    EXPECT_EQ(found.size(), plain.size());
    EXPECT_NE(found, plain) << at;
  }
  EXPECT_EQ(one.open_bytes(one.bytes(), {0, 70'000}, kKey, Damage::kComesAsItLies), plain);
}

TEST(SealSourcesTest, ChunksThatChangePlacesAreFound) {
  Lying one{{seal(pattern(3 * kSealedChunk))}};
  std::string bytes = one.bytes();
  const std::size_t chunk = kSealedChunk + 16;
  for (std::size_t i = 0; i < chunk; ++i) {
    std::swap(bytes[kSegmentHeader + i], bytes[kSegmentHeader + chunk + i]);
  }
  EXPECT_THROW(one.open_bytes(bytes, {0, 3 * kSealedChunk}), Corrupt);
  EXPECT_THROW(one.open_bytes(bytes, {kSealedChunk, 1}), Corrupt);
}

TEST(SealSourcesTest, AChunkOfAnotherObjectIsFound) {
  Lying one{{seal(pattern(100))}}, two{{seal(pattern(100))}};
  const std::string mixed =
      one.bytes().substr(0, kSegmentHeader) + two.bytes().substr(kSegmentHeader);
  EXPECT_THROW(one.open_bytes(mixed, {0, 100}), Corrupt);
}

TEST(SealSourcesTest, WhatWasCutOffIsFound) {
  const std::string plain = pattern(2 * kSealedChunk);
  const std::string whole = seal(plain);
  // By whole chunks, with a length that fits: the header says how much there was.
  Lying cut{{whole.substr(0, whole.size() - kSealedChunk - 16)}};
  EXPECT_THROW(cut.open({0, kSealedChunk}), Corrupt);
  Lying longer{{whole + std::string(17, 'x')}};
  EXPECT_THROW(longer.open({0, 1}), Corrupt);
  Lying odd{{whole.substr(0, whole.size() - 1)}};
  EXPECT_THROW(odd.open({0, plain.size()}), Corrupt);
}

TEST(SealSourcesTest, PartsThatChangePlacesOrAreForeignAreFound) {
  const std::string a = seal("first part", 1), b = seal("other part", 2);
  EXPECT_EQ(Lying({{a, b}}).open({0, 20}), "first partother part");
  EXPECT_THROW(Lying({{b, a}}).open({0, 20}), Corrupt);
  EXPECT_THROW(Lying({{a, a}}).open({0, 20}), Corrupt);
  const std::string foreign = seal("other part", 2, std::string(16, 'j'));
  EXPECT_THROW(Lying({{a, foreign}}).open({0, 20}), Corrupt);
  EXPECT_THROW(Lying({{a, seal("other part")}}).open({0, 20}), Corrupt);
}

// A body that is not as long as it said.
class Misjudged : public MemorySource {
 public:
  Misjudged(std::string_view bytes, std::optional<std::uint64_t> said)
      : MemorySource(bytes), said_(said) {}
  std::optional<std::uint64_t> size() const override { return said_; }

 private:
  std::optional<std::uint64_t> said_;
};

TEST(SealSourcesTest, BodiesMustBeAsLongAsTheySaid) {
  const SegmentHeader header{SealedWith::kCustomerKey, 0, 0, std::string(16, 'i'), kNoId};
  for (std::uint64_t said : {0u, 4u, 6u, 70'000u}) {
    Misjudged body("bytes", said);
    SealingSource sealing(body, header, kKey, "test");
    EXPECT_THROW(read_all(sealing, 1 << 20), InvalidArgument) << said;
  }
  Misjudged unknown("bytes", std::nullopt), huge("bytes", kMostSealed + 1);
  EXPECT_THROW(SealingSource(unknown, header, kKey, "test"), InvalidArgument);
  EXPECT_THROW(SealingSource(huge, header, kKey, "test"), InvalidArgument);
}

TEST(SealSourcesTest, DigestsAreOfThePlainBytes) {
  const std::string plain = pattern(100'000);
  MemorySource source(plain);
  SealingSource sealing(source, {SealedWith::kCustomerKey, 0, 0, std::string(16, 'i'), kNoId}, kKey,
                        "test");
  sealing.add_digest(codec::DigestAlgorithm::kMd5);
  sealing.add_digest(codec::DigestAlgorithm::kMd5);
  sealing.add_digest(codec::DigestAlgorithm::kCrc32c);
  read_all(sealing, 1 << 20);
  for (auto algorithm : {codec::DigestAlgorithm::kMd5, codec::DigestAlgorithm::kCrc32c}) {
    EXPECT_EQ(sealing.digest(algorithm), codec::digest_of(algorithm, plain));
  }
  EXPECT_EQ(sealing.digest(codec::DigestAlgorithm::kSha1), "");
}

}  // namespace
}  // namespace holdfast::storage
