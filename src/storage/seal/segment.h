// A sealed segment: a header, then the bytes in chunks that are encrypted one by one
// (docs/formats/sealed.md). An object that was put is one segment, one of parts a segment a part.
// Pure but for new_object_id() and new_segment().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace holdfast::storage {

inline constexpr std::size_t kSegmentHeader = 132;    // bytes
inline constexpr std::size_t kSealedChunk = 1 << 16;  // plain bytes of a chunk, the last has fewer
inline constexpr std::uint64_t kMostSealed = 1ull << 42;  // plain bytes of a segment
inline constexpr std::size_t kSealObjectId = 16, kSealKeyId = 8;

// Whose key opens it. Numbers of the format.
enum class SealedWith : unsigned { kCustomerKey = 1, kOwnKey = 2 };

struct SegmentHeader {
  SealedWith with = SealedWith::kCustomerKey;
  unsigned part = 0;       // 0: the object was put whole
  std::uint64_t size = 0;  // plain bytes
  std::string object;      // kSealObjectId bytes, the same in all segments of an object
  std::string key_id;      // kSealKeyId bytes: key_id_of() for kOwnKey, else zeros
};

// How long a segment of so many plain bytes is, and the other way; nullopt: no segment is so long.
std::uint64_t sealed_size(std::uint64_t plain);
std::optional<std::uint64_t> plain_size(std::uint64_t sealed);

// Tells keys apart without telling them: kSealKeyId bytes.
std::string key_id_of(const Secret& key);
std::string new_object_id();

struct Segment {
  SegmentHeader header;
  Secret key;  // of the chunks
};
// The header's bytes: `segment.key` wrapped by a key made of `key` and `salt` (32 random bytes).
std::string encode_segment(const Segment& segment, const Secret& key, std::string_view salt);
// A segment with a fresh key; `bytes` is set to its header.
Segment new_segment(const SegmentHeader& header, const Secret& key, std::string& bytes);

// The header, without opening it; nullopt: these are not the bytes of one. Throws Unsupported for a
// newer format; `what` is for errors.
std::optional<SegmentHeader> read_segment(std::string_view bytes, const std::string& what);
// nullopt when `key` is not the one that it was sealed with. `bytes` must be whole (read_segment).
std::optional<Segment> open_segment(std::string_view bytes, const SegmentHeader& header,
                                    const Secret& key);

// The nonce of a chunk.
std::string chunk_nonce(std::uint64_t number);

}  // namespace holdfast::storage
