#include "codec/crc.h"

#include <gtest/gtest.h>
#include <random>

namespace holdfast::codec {
namespace {

struct Vector {
  CrcKind kind;
  std::uint64_t start, check;
};

// The check values of the CRC catalogues: the CRC of "123456789".
const Vector kVectors[] = {{CrcKind::kCrc32, 0xFFFFFFFF, 0xCBF43926},
                           {CrcKind::kCrc32c, 0xFFFFFFFF, 0xE3069283},
                           {CrcKind::kCrc64Nvme, ~0ull, 0xAE8B14860A799888},
                           {CrcKind::kCrc64Xz, ~0ull, 0x995DC9BBDF1939FA}};

TEST(Crc, CheckValues) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(update_crc(vector.kind, vector.start, "123456789") ^ vector.start, vector.check);
    EXPECT_EQ(update_crc_portable(vector.kind, vector.start, "123456789") ^ vector.start,
              vector.check);
  }
}

TEST(Crc, TheXzKindInOneCall) {
  EXPECT_EQ(crc64_xz("123456789"), 0x995DC9BBDF1939FA);
  EXPECT_EQ(crc64_xz(""), 0u);
}

// One bit at a time, as the definition says: neither of the two ways tested below shares code with
// it.
std::uint64_t by_definition(std::uint64_t polynomial, std::uint64_t crc, std::string_view bytes) {
  for (char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? polynomial : 0);
  }
  return crc;
}

TEST(Crc, EveryLengthAndAlignmentAgreesWithTheDefinition) {
  std::mt19937_64 random(7);
  std::string bytes(700, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  const std::uint64_t polynomials[] = {kCrc32Polynomial, kCrc32cPolynomial, kCrc64NvmePolynomial,
                                       kCrc64XzPolynomial};
  for (const Vector& vector : kVectors) {
    std::uint64_t polynomial = polynomials[static_cast<int>(vector.kind)];
    for (std::size_t offset = 0; offset < 17; ++offset) {
      for (std::size_t size = 0; size + offset <= 400; ++size) {
        auto view = std::string_view(bytes).substr(offset, size);
        std::uint64_t start = random() & vector.start;
        std::uint64_t expected = by_definition(polynomial, start, view);
        ASSERT_EQ(update_crc(vector.kind, start, view), expected) << offset << " " << size;
        ASSERT_EQ(update_crc_portable(vector.kind, start, view), expected) << offset << " " << size;
      }
    }
  }
}

TEST(Crc, PiecesGiveWhatTheWholeGives) {
  std::string bytes(5000, 'x');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i);
  for (const Vector& vector : kVectors) {
    std::uint64_t whole = update_crc(vector.kind, vector.start, bytes);
    for (std::size_t cut : {0, 1, 63, 64, 65, 1000, 4999, 5000}) {
      std::uint64_t first = update_crc(vector.kind, vector.start, bytes.substr(0, cut));
      EXPECT_EQ(update_crc(vector.kind, first, bytes.substr(cut)), whole) << cut;
    }
  }
}

}  // namespace
}  // namespace holdfast::codec
