#include "codec/sip_hash.h"

#include <gtest/gtest.h>

namespace holdfast::codec {
namespace {

struct Vector {
  std::string_view bytes;
  Hash128 hash;
};

// What sipHash128() of a ClickHouse server gives, as two little-endian words.
const Vector kVectors[] = {
    {"", {0xe983a656dbc1b532, 0xf711edcba8b6b5e5}},
    {"a", {0x8960cb3c765e3171, 0x1fa2c35cbbcd9338}},
    {"1234567", {0x76e228340d5633c4, 0x8161fdd910e8e9b5}},
    {"12345678", {0x74efdffb28e23ed1, 0x2908333f9263d749}},
    {"123456789", {0x8e2ed8703f3277b7, 0x86b2153f42686e48}},
    {"the quick brown fox jumps over the lazy dog", {0xaa9cf345baf64699, 0xbe56f0b4c4ef96cd}},
    {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
     {0xbf666fcbf77be2fd, 0x9cd55adfa3db1061}},
};

TEST(SipHash, IsTheServersOwn) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(clickhouse_sip_hash(vector.bytes), vector.hash) << vector.bytes;
  }
}

}  // namespace
}  // namespace holdfast::codec
