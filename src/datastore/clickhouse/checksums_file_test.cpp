#include "datastore/clickhouse/checksums_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <lz4.h>
#include <zstd.h>

#include "base/error.h"

namespace holdfast::datastore::ch {
namespace {

std::string little_endian(std::uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += char(value >> (8 * i));
  return bytes;
}

std::string hash_bytes(const codec::Hash128& hash) {
  return little_endian(hash.low, 8) + little_endian(hash.high, 8);
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += char(value | 0x80);
  return bytes + char(value);
}

std::string block(unsigned char method, const std::string& packed, std::size_t size) {
  std::string covered =
      char(method) + little_endian(packed.size() + 9, 4) + little_endian(size, 4) + packed;
  return hash_bytes(codec::city_hash128(covered)) + covered;
}

std::string lz4_block(const std::string& plain) {
  std::string packed(std::size_t(LZ4_compressBound(int(plain.size()))), '\0');
  int size =
      LZ4_compress_default(plain.data(), packed.data(), int(plain.size()), int(packed.size()));
  return block(0x82, packed.substr(0, std::size_t(size)), plain.size());
}

std::string zstd_block(const std::string& plain) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 1));
  return block(0x90, packed, plain.size());
}

std::string version(int number) { return fmt::format("checksums format version: {}\n", number); }

std::string binary(const std::vector<ChecksumsEntry>& entries) {
  std::string bytes = varint(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const ChecksumsEntry& entry = entries[i];
    bytes += varint(entry.name.size()) + entry.name + varint(entry.size) + hash_bytes(entry.hash);
    bytes += char(i % 2);
    if (i % 2 == 1) bytes += varint(entry.size * 3) + hash_bytes({7, 8});
  }
  return bytes;
}

const std::vector<ChecksumsEntry> kEntries = {
    {"Body.bin", 876, {0x8be21b07f250a657, 0xe35dde6d6d903539}},
    {"Body.mrk", 16, {0x11bd785d79dbae32, 0xb3feb4a78862fe19}},
    {"count.txt", 1ull << 40, {1, ~0ull}}};

const char kText[] =
    "checksums format version: 2\n"
    "3 files:\n"
    "Body.bin\n\tsize: 876\n\thash: 10079648636952684119 16383495581014701369\n"
    "\tcompressed: 1\n\tuncompressed size: 1690\n\tuncompressed hash: 1 2\n"
    "Body.mrk\n\tsize: 16\n\thash: 1278310212114820658 12970002608514334233\n\tcompressed: 0\n"
    "count.txt\n\tsize: 1099511627776\n\thash: 1 18446744073709551615\n\tcompressed: 0\n";

std::string why_corrupt(const std::string& bytes) {
  try {
    parse_checksums(bytes);
  } catch (const Corrupt& error) {
    return error.reason();
  }
  return "";
}

TEST(ChecksumsFile, EveryFormatIsRead) {
  std::string plain = binary(kEntries);
  EXPECT_EQ(parse_checksums(version(4) + lz4_block(plain)), kEntries);
  EXPECT_EQ(parse_checksums(version(4) + zstd_block(plain)), kEntries);
  EXPECT_EQ(parse_checksums(version(4) + block(0x02, plain, plain.size())), kEntries);
  EXPECT_EQ(parse_checksums(version(4) + lz4_block(plain.substr(0, 30)) +
                            zstd_block(plain.substr(30, 1)) + lz4_block(plain.substr(31))),
            kEntries);
  EXPECT_EQ(parse_checksums(version(3) + plain), kEntries);
  EXPECT_EQ(parse_checksums(kText), kEntries);
  EXPECT_EQ(parse_checksums(version(3) + std::string(1, '\0')).size(), 0u);
}

TEST(ChecksumsFile, EveryCutIsSeen) {
  for (const std::string& whole : {version(4) + lz4_block(binary(kEntries)),
                                   version(3) + binary(kEntries), std::string(kText)}) {
    ASSERT_EQ(parse_checksums(whole), kEntries);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_NE(why_corrupt(whole.substr(0, size)), "") << size << " of " << whole.size();
    }
    EXPECT_NE(why_corrupt(whole + "x"), "");
  }
}

TEST(ChecksumsFile, EveryFlippedBitOfFormat4IsSeen) {
  for (const std::string& whole :
       {version(4) + lz4_block(binary(kEntries)), version(4) + zstd_block(binary(kEntries))}) {
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::string flipped = whole;
      flipped[bit / 8] = char(flipped[bit / 8] ^ (1 << bit % 8));
      EXPECT_NE(why_corrupt(flipped), "") << bit;
    }
  }
}

TEST(ChecksumsFile, MalformedOnesAreRefused) {
  std::string plain = binary(kEntries);
  EXPECT_EQ(why_corrupt(""), "it does not begin as one");
  EXPECT_EQ(why_corrupt("checksums format version: 5\n"), "its format 5 is not known");
  EXPECT_EQ(why_corrupt(version(4) + block(0x91, plain, plain.size())),
            "it is compressed by an unknown method (0x91)");
  for (unsigned char method : {0x02, 0x82, 0x90}) {
    EXPECT_EQ(why_corrupt(version(4) + block(method, "\xff garbage", 500)),
              "a compressed block is malformed");
  }
  EXPECT_EQ(why_corrupt(version(4) + block(0x82, lz4_block(plain).substr(25), plain.size() + 1)),
            "a compressed block is malformed");
  EXPECT_EQ(why_corrupt(version(4) + block(0x90, "", 0x7fffffff)),
            "a compressed block has a wrong size");
  EXPECT_EQ(why_corrupt(version(3) + std::string(kLargestChecksums, 'x')), "it is too large");
  EXPECT_EQ(why_corrupt(version(3) + std::string(10, '\xff')), "a number is too large");
  EXPECT_EQ(why_corrupt(version(3) + varint(~0ull >> 1) + varint(5) + "ab"), "it is cut off");
  EXPECT_EQ(why_corrupt(version(3) + binary({kEntries[0], kEntries[1], kEntries[0]})),
            "a name comes twice");
  for (std::string name : {std::string(), std::string("a/b"), std::string("a\0b", 3),
                           std::string("a\x7f"), std::string(5000, 'n')}) {
    EXPECT_EQ(why_corrupt(version(3) + binary({{name, 1, {}}})), "a name is no file's");
  }
  std::string flag = binary({kEntries[0]});
  flag.back() = 2;
  EXPECT_EQ(why_corrupt(version(3) + flag), "a flag is neither 0 nor 1");
}

// A bomb: blocks that say they hold more than any part needs are not unpacked.
TEST(ChecksumsFile, WhatItUnpacksToIsBounded) {
  std::string zeros = zstd_block(std::string(1 << 20, '\0')), bytes = version(4);
  for (int i = 0; i < 100; ++i) bytes += zeros;
  EXPECT_EQ(why_corrupt(bytes), "a compressed block has a wrong size");
}

TEST(ChecksumsFile, TheTotalDoesNotHangOnTheOrder) {
  codec::Hash128 total = total_hash(kEntries);
  EXPECT_EQ(total_hash({kEntries[2], kEntries[0], kEntries[1]}), total);
  EXPECT_NE(total_hash({kEntries[0], kEntries[1]}), total);
  EXPECT_EQ(hash_text({0x1f, 0xab00000000000000}), "ab00000000000000000000000000001f");
}

}  // namespace
}  // namespace holdfast::datastore::ch
