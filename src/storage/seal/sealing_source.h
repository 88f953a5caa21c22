// Plain bytes in, a sealed segment out, in one pass and a chunk at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/stream.h"
#include "codec/aead.h"
#include "codec/digest.h"
#include "storage/seal/segment.h"

namespace holdfast::storage {

class SealingSource : public Source {
 public:
  // Borrows `plain`, whose size must be known: InvalidArgument (code MissingContentLength).
  // `header.size` is set to it. Keeps a key of its own, not `key`.
  SealingSource(Source& plain, SegmentHeader header, const Secret& key, std::string what);

  // Throws InvalidArgument (code kIncompleteBody) when `plain` is shorter or longer than it said.
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return sealed_left_; }

  std::uint64_t plain_size() const { return header_.size; }
  // Asks for a digest of the plain bytes, before the first read; told after the last.
  void add_digest(codec::DigestAlgorithm algorithm);
  std::string digest(codec::DigestAlgorithm algorithm);

 private:
  void fill();
  void check_end();

  Source& plain_;
  SegmentHeader header_;
  const std::string what_;
  std::string ready_;  // sealed bytes to hand out, from `at_` on
  std::size_t at_ = 0;
  std::uint64_t plain_left_, sealed_left_;
  std::uint64_t chunk_ = 0;
  bool ended_ = false;
  std::string block_;
  std::optional<codec::AesGcm> cipher_;
  std::vector<codec::Digest> digests_;
};

}  // namespace holdfast::storage
