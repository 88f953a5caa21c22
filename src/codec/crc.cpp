#include "codec/crc.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace holdfast::codec {

namespace {

// tables[k][b]: what byte b contributes when k further bytes follow it in the same block of eight.
template <typename Word>
using Tables = std::array<std::array<Word, 256>, 8>;

template <typename Word>
constexpr Tables<Word> make_tables(Word polynomial) {
  Tables<Word> tables{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    Word value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? polynomial : 0);
    tables[0][byte] = value;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      Word before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables<std::uint32_t> kCrc32Tables = make_tables(std::uint32_t(kCrc32Polynomial));
constexpr Tables<std::uint32_t> kCrc32cTables = make_tables(std::uint32_t(kCrc32cPolynomial));
constexpr Tables<std::uint64_t> kCrc64Tables = make_tables(kCrc64NvmePolynomial);
constexpr Tables<std::uint64_t> kCrc64XzTables = make_tables(kCrc64XzPolynomial);

template <typename Word>
Word update_by_tables(const Tables<Word>& tables, Word crc, std::string_view bytes) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t block = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      block |= std::uint64_t(static_cast<unsigned char>(at[i])) << (8 * i);
    }
    block ^= crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= tables[7 - i][block >> (8 * i) & 0xff];
  }
  for (; left > 0; --left, ++at) {
    crc = (crc >> 8) ^ tables[0][(crc ^ static_cast<unsigned char>(*at)) & 0xff];
  }
  return crc;
}

#if defined(__x86_64__)

// x^power mod the polynomial of `width` bits, as the top `width` bits of a reflected 64-bit word.
constexpr std::uint64_t power_of_x(std::uint64_t polynomial, unsigned width, unsigned power) {
  std::uint64_t value = 1ull << (width - 1);
  for (unsigned i = 0; i < power; ++i) value = (value >> 1) ^ (value & 1 ? polynomial : 0);
  return value << (64 - width);
}

// Multiplying a 128-bit register by `x^distance` takes these two factors, one for each half. A
// carry-less product of two reflected words comes out one power too high, hence the odd powers.
struct FoldFactors {
  std::uint64_t low, high;
};

constexpr FoldFactors make_fold(std::uint64_t polynomial, unsigned width, unsigned distance) {
  return {power_of_x(polynomial, width, distance + 63),
          power_of_x(polynomial, width, distance - 1)};
}

struct Folding {
  FoldFactors by_one, by_four;  // by 128 and by 512 bits
};

constexpr Folding make_folding(std::uint64_t polynomial, unsigned width) {
  return {make_fold(polynomial, width, 128), make_fold(polynomial, width, 512)};
}

constexpr Folding kCrc32Folding = make_folding(kCrc32Polynomial, 32);
constexpr Folding kCrc32cFolding = make_folding(kCrc32cPolynomial, 32);
constexpr Folding kCrc64Folding = make_folding(kCrc64NvmePolynomial, 64);
constexpr Folding kCrc64XzFolding = make_folding(kCrc64XzPolynomial, 64);

__attribute__((target("pclmul,sse2"))) inline __m128i fold(__m128i value, __m128i factors,
                                                           __m128i next) {
  __m128i low = _mm_clmulepi64_si128(value, factors, 0x00);
  __m128i high = _mm_clmulepi64_si128(value, factors, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__attribute__((target("sse2"))) inline __m128i load(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

__attribute__((target("sse2"))) inline __m128i factors_of(const FoldFactors& factors) {
  return _mm_set_epi64x(static_cast<long long>(factors.high), static_cast<long long>(factors.low));
}

// Folds all whole blocks of 16 bytes into one block that leaves the same remainder; `bytes` holds
// at least 64 and keeps the rest. The block then goes through the tables, starting from zero.
__attribute__((target("pclmul,sse2"))) std::array<char, 16> fold_blocks(const Folding& folding,
                                                                        std::uint64_t crc,
                                                                        std::string_view& bytes) {
  const char* at = bytes.data();
  std::size_t left = bytes.size() - 64;
  __m128i a = _mm_xor_si128(load(at), _mm_set_epi64x(0, static_cast<long long>(crc)));
  __m128i b = load(at + 16), c = load(at + 32), d = load(at + 48);
  at += 64;
  const __m128i four = factors_of(folding.by_four);
  for (; left >= 64; left -= 64, at += 64) {
    a = fold(a, four, load(at));
    b = fold(b, four, load(at + 16));
    c = fold(c, four, load(at + 32));
    d = fold(d, four, load(at + 48));
  }
  const __m128i one = factors_of(folding.by_one);
  a = fold(fold(fold(a, one, b), one, c), one, d);
  for (; left >= 16; left -= 16, at += 16) a = fold(a, one, load(at));
  bytes.remove_prefix(bytes.size() - left);
  std::array<char, 16> block{};
  _mm_storeu_si128(reinterpret_cast<__m128i*>(block.data()), a);
  return block;
}

bool has_carryless_multiply() {
  static const bool has = __builtin_cpu_supports("pclmul") != 0;
  return has;
}

const Folding& folding_of(CrcKind kind) {
  switch (kind) {
    case CrcKind::kCrc32:
      return kCrc32Folding;
    case CrcKind::kCrc32c:
      return kCrc32cFolding;
    case CrcKind::kCrc64Nvme:
      return kCrc64Folding;
    case CrcKind::kCrc64Xz:
      return kCrc64XzFolding;
  }
  return kCrc32Folding;
}

#endif

}  // namespace

std::uint64_t update_crc_portable(CrcKind kind, std::uint64_t crc, std::string_view bytes) {
  switch (kind) {
    case CrcKind::kCrc32:
      return update_by_tables(kCrc32Tables, std::uint32_t(crc), bytes);
    case CrcKind::kCrc32c:
      return update_by_tables(kCrc32cTables, std::uint32_t(crc), bytes);
    case CrcKind::kCrc64Nvme:
      return update_by_tables(kCrc64Tables, crc, bytes);
    case CrcKind::kCrc64Xz:
      return update_by_tables(kCrc64XzTables, crc, bytes);
  }
  return crc;
}

std::uint64_t update_crc(CrcKind kind, std::uint64_t crc, std::string_view bytes) {
#if defined(__x86_64__)
  if (bytes.size() >= 64 && has_carryless_multiply()) {
    std::array<char, 16> block = fold_blocks(folding_of(kind), crc, bytes);
    crc = update_crc_portable(kind, 0, {block.data(), block.size()});
  }
#endif
  return update_crc_portable(kind, crc, bytes);
}

std::uint64_t crc64_xz(std::string_view bytes) {
  return ~update_crc(CrcKind::kCrc64Xz, ~0ull, bytes);
}

}  // namespace holdfast::codec
