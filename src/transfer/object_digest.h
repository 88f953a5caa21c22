// The checksum that holdfast records of a stored object. It can be computed from pieces that are
// hashed in parallel, each once. Form and rules: docs/formats/checksums.md. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/context.h"
#include "base/stream.h"

namespace holdfast::transfer {

inline constexpr std::uint64_t kDigestPiece = 8ull << 20;  // what holdfast writes
inline constexpr std::uint64_t kMaxPieces = 10'000;        // of one object, as S3 allows parts

// The checksum of `size` bytes: their SHA-256 when they fit into one piece, else the SHA-256 of the
// raw SHA-256s of their pieces, in order. All pieces have piece_size bytes, the last one what is
// left.
struct ObjectDigest {
  std::uint64_t size = 0;
  std::uint64_t piece_size = kDigestPiece;
  std::string sha256;  // raw, 32 bytes

  // "sha256:<hex>" when size <= piece_size, else "sha256-tree-<piece_size>:<hex>".
  std::string text() const;
  // Whether these are the same bytes as far as can be told: sizes and hashes are equal, and the
  // hashes were made of the same pieces.
  friend bool operator==(const ObjectDigest& a, const ObjectDigest& b);
};

// Reads what text() wrote of an object of `size` bytes; nullopt when it is malformed, of an unknown
// kind, or cannot be of that size.
std::optional<ObjectDigest> parse_object_digest(std::string_view text, std::uint64_t size);

ObjectDigest object_digest_of(std::string_view bytes, std::uint64_t piece_size = kDigestPiece);

// The same of all that a stream has; one piece after the other.
ObjectDigest object_digest_of(const Context& context, Source& source,
                              std::uint64_t piece_size = kDigestPiece);

// Number of pieces of `size` bytes; 1 for an empty object.
std::uint64_t piece_count(std::uint64_t size, std::uint64_t piece_size);

// Gathers the SHA-256s of an object's pieces, in any order. Different pieces may be set by
// different threads at once; finish() comes after all of them.
class PieceDigests {
 public:
  PieceDigests(std::uint64_t size, std::uint64_t piece_size);
  std::uint64_t count() const { return raw_.size(); }
  std::uint64_t offset(std::uint64_t index) const { return index * piece_size_; }
  std::uint64_t length(std::uint64_t index) const;
  void set(std::uint64_t index, std::string sha256) {
    raw_[std::size_t(index)] = std::move(sha256);
  }
  ObjectDigest finish() const;

 private:
  std::uint64_t size_, piece_size_;
  std::vector<std::string> raw_;
};

}  // namespace holdfast::transfer
