// The reflected CRCs that S3 and clickhouse-backup know, by tables and by carry-less
// multiplication. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace holdfast::codec {

// Polynomials in reflected bit order (bit 0 is the highest power).
inline constexpr std::uint64_t kCrc32Polynomial = 0xEDB88320;
inline constexpr std::uint64_t kCrc32cPolynomial = 0x82F63B78;
inline constexpr std::uint64_t kCrc64NvmePolynomial = 0x9A6C9329AC4BC9B5;
inline constexpr std::uint64_t kCrc64XzPolynomial = 0xC96C5795D7870F42;  // ECMA-182

enum class CrcKind { kCrc32, kCrc32c, kCrc64Nvme, kCrc64Xz };

// Continues the running register `crc`, before the final inversion; a new one starts with all bits
// set. Takes the fastest way that this processor has.
std::uint64_t update_crc(CrcKind kind, std::uint64_t crc, std::string_view bytes);

// The same by tables alone: what processors without the instructions use, and what the fast way is
// tested against.
std::uint64_t update_crc_portable(CrcKind kind, std::uint64_t crc, std::string_view bytes);

// CRC-64/XZ of the whole: what Go's hash/crc64 calls ECMA, and clickhouse-backup keeps of a part's
// checksums.txt.
std::uint64_t crc64_xz(std::string_view bytes);

}  // namespace holdfast::codec
