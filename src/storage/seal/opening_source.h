// The plain bytes of a stretch of a sealed object. Reads and opens only the chunks that hold some
// of them, one at a time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/stream.h"
#include "codec/aead.h"
#include "storage/rules.h"
#include "storage/seal/segment.h"

namespace holdfast::storage {

// The sealed object as it lies.
struct SealedBytes {
  // Fills all of `into` from `offset`; throws Corrupt when there is less.
  std::function<void(std::uint64_t offset, std::span<char> into)> read_at;
  std::vector<std::uint64_t> segments;  // sealed sizes, in order; at least one
  std::string what;                     // for errors
};

// What becomes of bytes that cannot be opened: Corrupt is thrown, or they come as they lie.
enum class Damage { kThrows, kComesAsItLies };

// The key for a header. Throws when there is none.
using SealKeys = std::function<Secret(const SegmentHeader& header)>;

// Plain sizes of the segments. Throws Corrupt when one is no segment's.
std::vector<std::uint64_t> plain_sizes(const SealedBytes& sealed);

class OpeningSource : public Source {
 public:
  // `stretch` lies inside the plain size. Opens the first segment that it needs (for an empty
  // stretch the first of all): AccessDenied (code kOtherKey) when the key is another one, Corrupt
  // when its header is damaged.
  OpeningSource(SealedBytes sealed, SealKeys keys, Stretch stretch,
                Damage damage = Damage::kThrows);

  // Corrupt when bytes are not what was sealed, there and in that order.
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return left_; }
  bool rewind() override;

 private:
  void enter(std::size_t segment);
  void open(const std::string& head, std::size_t segment);
  void load(std::uint64_t chunk);
  [[noreturn]] void damaged(const std::string& why) const;

  const SealedBytes sealed_;
  const SealKeys keys_;
  const std::vector<std::uint64_t> sizes_;  // plain, of the segments
  const Stretch stretch_;
  const Damage damage_;
  std::uint64_t left_ = 0;

  std::size_t segment_ = 0;
  std::uint64_t sealed_at_ = 0;          // where the segment begins
  std::uint64_t at_ = 0;                 // plain position in the segment
  std::string object_;                   // of the first header that was read
  unsigned part_ = 0;                    // of the last header
  std::optional<codec::AesGcm> cipher_;  // none: the segment's head is damaged
  std::uint64_t loaded_ = 0;             // number of the chunk in block_, plus one; 0: none
  std::string block_, raw_;
};

}  // namespace holdfast::storage
