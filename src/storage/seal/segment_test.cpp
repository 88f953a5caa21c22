#include "storage/seal/segment.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "codec/digest.h"
#include "codec/text.h"
#include "support/counted_bytes.h"

namespace holdfast::storage {
namespace {

using support::counted_bytes;

const Secret kKey(counted_bytes(0, 32)), kOther(counted_bytes(1, 32));
const std::string kSalt = counted_bytes(100, 32);

Segment customer_segment() {
  return {{SealedWith::kCustomerKey, 0, 14, counted_bytes(0, 16), std::string(kSealKeyId, '\0')},
          Secret(counted_bytes(200, 32))};
}

// Both made by tests/support/sealed.py, which uses Python's cryptography.
const char* const kCustomerHead =
    "68667365616c656401011000000000000e00000000000000000102030405060708090a0b0c0d0e0f00000000000000"
    "006465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182837d4a108c8af020f9de588dddc291"
    "e563b4db518b5750bb7bc645710fd3de9d66b7384884720f013856a91d81c42f7d0ecb09fba6";
const char* const kOwnHead =
    "68667365616c656401021000070000000e00000000000000000102030405060708090a0b0c0d0e0ff232a2be18e34a"
    "ce6465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182837d4a108c8af020f9de588dddc291"
    "e563b4db518b5750bb7bc645710fd3de9d661673e5e865a3cc9423aebb87c1ae99b3c34447c0";

TEST(SegmentTest, IsWrittenAsAnotherImplementationWritesIt) {
  Segment segment = customer_segment();
  EXPECT_EQ(codec::to_hex(encode_segment(segment, kKey, kSalt)), kCustomerHead);
  segment.header.with = SealedWith::kOwnKey;
  segment.header.part = 7;
  segment.header.key_id = key_id_of(kKey);
  EXPECT_EQ(codec::to_hex(encode_segment(segment, kKey, kSalt)), kOwnHead);
}

TEST(SegmentTest, IsReadAndOpened) {
  const std::string bytes = *codec::from_hex(kOwnHead);
  auto header = read_segment(bytes, "test");
  ASSERT_TRUE(header);
  EXPECT_EQ(header->with, SealedWith::kOwnKey);
  EXPECT_EQ(header->part, 7u);
  EXPECT_EQ(header->size, 14u);
  EXPECT_EQ(header->object, counted_bytes(0, 16));
  EXPECT_EQ(header->key_id, key_id_of(kKey));
  EXPECT_NE(header->key_id, key_id_of(kOther));
  auto segment = open_segment(bytes, *header, kKey);
  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->key.reveal(), counted_bytes(200, 32));
  EXPECT_FALSE(open_segment(bytes, *header, kOther));
}

// With the sum made right again as well: whoever writes to the folder can do that.
TEST(SegmentTest, EveryChangedByteIsFound) {
  const std::string bytes = *codec::from_hex(kCustomerHead);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = char(changed[at] ^ 0x40);
    EXPECT_FALSE(read_segment(changed, "test")) << at;
    if (at >= 128) continue;
    changed.resize(128);
    changed += codec::digest_of(codec::DigestAlgorithm::kCrc32c, changed);
    if (at == 8) {
      EXPECT_THROW(read_segment(changed, "test"), Unsupported);
      continue;
    }
    auto header = read_segment(changed, "test");
    EXPECT_FALSE(header && open_segment(changed, *header, kKey)) << at;
  }
  EXPECT_FALSE(read_segment(bytes.substr(1), "test"));
  EXPECT_FALSE(read_segment(bytes + "x", "test"));
  EXPECT_FALSE(read_segment("", "test"));
}

TEST(SegmentTest, LengthsGoBothWays) {
  EXPECT_EQ(sealed_size(0), 132u);
  EXPECT_EQ(sealed_size(1), 149u);
  EXPECT_EQ(sealed_size(65536), 132u + 65552);
  EXPECT_EQ(sealed_size(65537), 132u + 65552 + 17);
  for (std::uint64_t size : {0ull, 1ull, 16ull, 17ull, 65535ull, 65536ull, 65537ull, 131072ull,
                             (5ull << 30), (1ull << 42)}) {
    EXPECT_EQ(plain_size(sealed_size(size)), size);
  }
  for (std::uint64_t sealed : {0ull, 131ull, 133ull, 148ull, 132ull + 65552 + 16, ~0ull}) {
    EXPECT_FALSE(plain_size(sealed)) << sealed;
  }
}

TEST(SegmentTest, NoTwoAreAlike) {
  std::string one, two;
  const SegmentHeader header = customer_segment().header;
  const Segment a = new_segment(header, kKey, one), b = new_segment(header, kKey, two);
  EXPECT_NE(one, two);
  EXPECT_NE(a.key.reveal(), b.key.reveal());
  EXPECT_EQ(open_segment(one, *read_segment(one, "test"), kKey)->key, a.key);
  EXPECT_NE(new_object_id(), new_object_id());
  EXPECT_NE(chunk_nonce(0), chunk_nonce(1));
}

TEST(SegmentTest, RefusesToWriteWhatNobodyCanRead) {
  Segment segment = customer_segment();
  EXPECT_THROW(encode_segment(segment, kKey, "salt"), InvalidArgument);
  segment.header.object = "short";
  EXPECT_THROW(encode_segment(segment, kKey, kSalt), InvalidArgument);
  segment = customer_segment();
  segment.header.size = kMostSealed + 1;
  EXPECT_THROW(encode_segment(segment, kKey, kSalt), InvalidArgument);
}

}  // namespace
}  // namespace holdfast::storage
