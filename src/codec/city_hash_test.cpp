#include "codec/city_hash.h"

#include <gtest/gtest.h>

#include "codec/digest.h"
#include "codec/text.h"

namespace holdfast::codec {
namespace {

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = char(i * 7 + i / 13);
  return bytes;
}

struct Vector {
  std::size_t size;
  Hash128 hash;
};

// By the implementation that Python's clickhouse drivers use, around every border of the algorithm.
const Vector kVectors[] = {
    {0, {0x3df09dfc64c09a2b, 0x3cb540c392e51e29}},
    {1, {0xa04b71ab61de6422, 0xf768684937e23970}},
    {3, {0x904c24441e897ae0, 0xead37d2c71af49a5}},
    {4, {0x6d8a9de36bf3701c, 0xc90e6586a31e84f6}},
    {7, {0x2ac1cb1e79a3033e, 0x1a511db9333e0d88}},
    {8, {0x4f8f9be1d179c9b5, 0x7ae37c19937d40e6}},
    {9, {0xa265dd086e2f5623, 0xb1335aea54897d3b}},
    {15, {0x6dd6cff4f909d987, 0x353404cea96bcde7}},
    {16, {0x371a6c62eb0ec11e, 0x5f391b96fb8ecb09}},
    {17, {0xd03e210fa87b870e, 0xf391d69beb8193e2}},
    {24, {0x2cf543c68624328d, 0x81bd88c13ae5bfe6}},
    {25, {0xafb62a960cf826c9, 0xb998979183ad63f8}},
    {31, {0x1dfd9e7ba69d42aa, 0x55ea87f35c401cda}},
    {32, {0x11331bdbe0993b23, 0xc26cb38d8e76b462}},
    {33, {0x6adf93f344dcedf4, 0x7b36f0b7bb9349a5}},
    {48, {0x61269b2fcfc7d02b, 0x1366245d902123c0}},
    {49, {0x63e2b69476c86d8d, 0x13823304b96990e0}},
    {100, {0x0448663c97ade9e1, 0x70f93f69313cb467}},
    {143, {0x4acc57bda290e798, 0xe37dc0511493f389}},
    {144, {0x2ca2f1806dfd9162, 0x314d5cdb3221c447}},
    {145, {0x1c81407e9dce32ef, 0xba065c4954ba9785}},
    {175, {0x9e387e8e0d381712, 0xd072ba94a7295866}},
    {176, {0xc74120f17ad14410, 0xf97d014f959fb687}},
    {177, {0xeaa429a9a34963ba, 0x869c6573e11dbfbf}},
    {271, {0xc05a856fa54fd251, 0x6dbdca62c1440aa0}},
    {272, {0xdf5a2c21560212b5, 0x0db7f749e49525dc}},
    {273, {0x2741d42842bcba86, 0x9a2e1a0a1caa97f9}},
    {1000, {0x708a96ccdef607b3, 0x4bb081f710e628ad}},
    {2048, {0xdc745125a2c829d1, 0xc3378113fb82de91}},
    {4999, {0x759cae07d6605990, 0xcb0868f4c25388d3}},
};

TEST(CityHash, KnownValues) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(city_hash128(pattern(vector.size)), vector.hash) << vector.size;
  }
}

TEST(CityHash, EveryLengthUpTo1200) {
  std::string bytes = pattern(1200), all;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // A copy of just that size, so that a sanitizer sees a read beyond it.
    Hash128 hash = city_hash128(std::string(bytes, 0, size));
    for (std::uint64_t word : {hash.low, hash.high}) {
      for (int i = 0; i < 8; ++i) all += char(word >> (8 * i));
    }
  }
  EXPECT_EQ(to_hex(digest_of(DigestAlgorithm::kMd5, all)), "1ce4b50049026d1640ffdb172bd4d42f");
}

Hash128 file_hash(std::string_view bytes) {
  ClickHouseFileHash hash;
  hash.add(bytes);
  return hash.finish();
}

// Mark and partition files of parts that ClickHouse 18.16 wrote, as their checksums.txt has
// them.
TEST(ClickHouseFileHash, RealFiles) {
  EXPECT_EQ(file_hash(std::string(16, '\0')), (Hash128{0x11bd785d79dbae32, 0xb3feb4a78862fe19}));
  EXPECT_EQ(file_hash("\x1f\x51"), (Hash128{0x6f5cea3f5dc6ad76, 0x46b92239fb11f443}));
}

TEST(ClickHouseFileHash, BlocksAreChained) {
  std::string bytes = pattern(4096 + 100);
  std::string_view view = bytes;
  Hash128 first = city_hash128(view.substr(0, 2048), {});
  Hash128 second = city_hash128(view.substr(2048, 2048), first);
  Hash128 third = city_hash128(view.substr(4096), second);
  EXPECT_EQ(file_hash(view.substr(0, 2048)), first);
  EXPECT_EQ(file_hash(view.substr(0, 4096)), second);
  EXPECT_EQ(file_hash(view), third);
  EXPECT_EQ(file_hash(""), Hash128());
}

TEST(ClickHouseFileHash, PiecesOfAnySizeGiveTheSame) {
  std::string bytes = pattern(9000);
  ClickHouseFileHash hash;
  for (std::size_t piece : {1, 100, 2047, 2048, 2049, 5000, 9000}) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) hash.add(bytes.substr(at, piece));
    EXPECT_EQ(hash.finish(), file_hash(bytes)) << piece;
  }
}

}  // namespace
}  // namespace holdfast::codec
