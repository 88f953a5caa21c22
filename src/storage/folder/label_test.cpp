#include "storage/folder/label.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace holdfast::storage {
namespace {

Label sample() {
  Label label;
  label.id = random_bytes(kIdSize);
  label.md5 = random_bytes(16);
  label.stamp = {123456789012, 1700000000123456789};
  return label;
}

void expect_same(const Label& a, const Label& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.md5, b.md5);
  EXPECT_EQ(a.parts, b.parts);
  EXPECT_EQ(a.stamp, b.stamp);
  EXPECT_EQ(a.attributes, b.attributes);
  EXPECT_EQ(a.part_sizes, b.part_sizes);
  EXPECT_EQ(a.part_checksums, b.part_checksums);
}

Label round_trip(const Label& label, std::size_t limit = kInlineLimit) {
  EncodedLabel encoded = encode_label(label, limit);
  EXPECT_LE(encoded.core.size(), limit);
  auto core = decode_core(encoded.core);
  EXPECT_TRUE(core);
  if (!core) return {};
  EXPECT_EQ(core->needs_side, !encoded.side.empty());
  if (core->needs_side) {
    EXPECT_TRUE(decode_side(encoded.side, core->label));
  }
  return core->label;
}

TEST(LabelTest, WhatBackupToolsSendStaysInAnExt4Inode) {
  Label label = sample();
  label.attributes.headers = {{"content-type", "application/octet-stream"}};
  label.attributes.checksum = Checksum{codec::DigestAlgorithm::kCrc32, "\x01\x02\x03\x04"};
  EncodedLabel encoded = encode_label(label, kInlineLimit);
  EXPECT_LE(encoded.core.size(), 64u);
  EXPECT_TRUE(encoded.side.empty());
  expect_same(round_trip(label), label);
}

TEST(LabelTest, UniformPartsStayInlineToo) {
  Label label = sample();
  label.parts = 7;
  label.stamp.size = 6 * (64u << 20) + 5;
  label.part_sizes.assign(6, 64u << 20);
  label.part_sizes.push_back(5);
  EXPECT_TRUE(encode_label(label, kInlineLimit).side.empty());
  expect_same(round_trip(label), label);
  EXPECT_TRUE(label.etag().ends_with("-7"));
  EXPECT_EQ(label.etag().size(), 34u);
}

TEST(LabelTest, LargeOnesGoToTheSideFile) {
  Label label = sample();
  label.attributes.headers = {{"content-type", "text/x-unusual; charset=utf-8"},
                              {"cache-control", "no-store"},
                              {"expires", "never"}};
  label.attributes.metadata = {{"a", ""}, {"name", std::string(1500, 'v')}};
  label.parts = 3;
  label.part_sizes = {5, 70000, 3};
  label.stamp.size = 70008;
  EncodedLabel encoded = encode_label(label, kInlineLimit);
  EXPECT_FALSE(encoded.side.empty());
  EXPECT_EQ(encoded.core.size(), 48u);
  expect_same(round_trip(label), label);
}

TEST(LabelTest, AllChecksumsComeBack) {
  for (auto kind : {codec::DigestAlgorithm::kSha1, codec::DigestAlgorithm::kSha256,
                    codec::DigestAlgorithm::kCrc32c, codec::DigestAlgorithm::kCrc64Nvme}) {
    Label label = sample();
    label.attributes.checksum = Checksum{kind, codec::digest_of(kind, "x"), true, 10000};
    expect_same(round_trip(label), label);
  }
}

TEST(LabelTest, ChecksumsOfPartsComeBackAndManyGoToTheSideFile) {
  constexpr auto kKind = codec::DigestAlgorithm::kCrc32;
  for (unsigned parts : {1u, 3u, 10000u}) {
    Label label = sample();
    label.parts = parts;
    label.part_sizes.assign(parts, 5 << 20);
    label.stamp.size = std::uint64_t(parts) * (5 << 20);
    label.attributes.checksum = Checksum{kKind, codec::digest_of(kKind, "x"), true, parts};
    for (unsigned i = 0; i < parts; ++i) {
      label.part_checksums += codec::digest_of(kKind, std::to_string(i));
    }
    const EncodedLabel encoded = encode_label(label, kInlineLimit);
    EXPECT_EQ(encoded.side.empty(), parts < 10000);
    EXPECT_LE(encoded.side.size(), kSideLimit);
    expect_same(round_trip(label), label);
    label.part_checksums.pop_back();
    Label into = label;
    into.part_checksums.clear();
    into.part_sizes.clear();
    const EncodedLabel torn = encode_label(label, kInlineLimit);
    EXPECT_FALSE(torn.side.empty() ? decode_core(torn.core).has_value()
                                   : decode_side(torn.side, into));
  }
}

TEST(LabelTest, EveryCutAndEveryOtherVersionIsRefused) {
  Label label = sample();
  label.attributes.metadata = {{"k", "v"}};
  std::string core = encode_label(label, kInlineLimit).core;
  for (std::size_t size = 0; size < core.size(); ++size) {
    if (size == 48) continue;  // a whole label without attributes
    EXPECT_FALSE(decode_core(std::string_view(core).substr(0, size))) << size;
  }
  core[0] = 2;
  EXPECT_FALSE(decode_core(core));
  core[0] = 1;
  core[1] = 2;
  EXPECT_FALSE(decode_core(core)) << "a flag that this version does not know";
}

TEST(LabelTest, UnknownFieldsAreNotLostInSilence) {
  std::string core = encode_label(sample(), kInlineLimit).core;
  EXPECT_TRUE(decode_core(core));
  EXPECT_FALSE(decode_core(core + std::string("\x63\x01x")));
}

TEST(LabelTest, PartSizesMustAddUp) {
  Label label = sample();
  label.parts = 2;
  label.part_sizes = {5, 7};
  label.stamp.size = 13;
  EXPECT_FALSE(decode_core(encode_label(label, kInlineLimit).core));
}

TEST(LabelTest, ADamagedSideFileIsSeen) {
  Label label = sample();
  label.attributes.metadata = {{"name", std::string(200, 'v')}};
  std::string side = encode_label(label, kInlineLimit).side;
  for (std::size_t at = 0; at < side.size(); at += 7) {
    std::string flipped = side;
    flipped[at] ^= 1;
    Label into;
    EXPECT_FALSE(decode_side(flipped, into)) << at;
  }
  Label into;
  EXPECT_FALSE(decode_side("", into));
}

TEST(LabelTest, RandomBytesNeverCrash) {
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = random_bytes(48 + std::size_t(i % 60));
    bytes[0] = 1;
    bytes[1] = char(i % 2);
    auto core = decode_core(bytes);
    if (core) {
      EXPECT_LE(core->label.attributes.metadata.size(), 30u);
    }
  }
}

TEST(LabelTest, ThatItIsSealedAlwaysStandsInTheCore) {
  Label label = sample();
  label.sealed = SealedLabel{SealedWith::kOwnKey, label.stamp.size - 200};
  label.attributes.metadata["large"] = std::string(1000, 'v');
  const EncodedLabel encoded = encode_label(label, kInlineLimit);
  ASSERT_FALSE(encoded.side.empty());
  auto core = decode_core(encoded.core);
  ASSERT_TRUE(core);
  EXPECT_EQ(core->label.sealed, label.sealed);
  EXPECT_FALSE(core->label.encryption().customer);
  // More plain bytes than there are sealed ones.
  label.sealed->size = label.stamp.size;
  EXPECT_FALSE(decode_core(encode_label(label, kInlineLimit).core));
  // A kind of key that this program does not know.
  label.sealed = SealedLabel{SealedWith(3), 1};
  EXPECT_FALSE(decode_core(encode_label(label, kInlineLimit).core));
}

TEST(LabelTest, LinkRecordsComeBack) {
  LinkRecord record{random_bytes(kIdSize), random_bytes(kIdSize), -5};
  std::string bytes = encode_link_record(record);
  auto read = decode_link_record(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->source_id, record.source_id);
  EXPECT_EQ(read->id, record.id);
  EXPECT_EQ(read->modified, -5);
  bytes.pop_back();
  EXPECT_FALSE(decode_link_record(bytes));
}

TEST(LabelTest, NumbersOfAllSizes) {
  for (std::uint64_t value : {0ull, 127ull, 128ull, 1ull << 40, (1ull << 62) + 5}) {
    FieldWriter writer;
    writer.number(value);
    FieldReader reader(writer.bytes());
    EXPECT_EQ(reader.number(), value);
    EXPECT_TRUE(reader.good() && reader.at_end());
  }
  FieldReader endless("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
  endless.number();
  EXPECT_FALSE(endless.good());
}

}  // namespace
}  // namespace holdfast::storage
