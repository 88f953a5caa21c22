#include "storage/seal/opening_source.h"

#include <algorithm>

#include "base/error.h"
#include "storage/storage.h"

namespace holdfast::storage {

std::vector<std::uint64_t> plain_sizes(const SealedBytes& sealed) {
  std::vector<std::uint64_t> sizes;
  sizes.reserve(sealed.segments.size());
  for (std::uint64_t segment : sealed.segments) {
    auto size = plain_size(segment);
    if (!size) throw Corrupt(sealed.what, "no sealed bytes have this length");
    sizes.push_back(*size);
  }
  return sizes;
}

OpeningSource::OpeningSource(SealedBytes sealed, SealKeys keys, Stretch stretch, Damage damage)
    : sealed_(std::move(sealed)),
      keys_(std::move(keys)),
      sizes_(plain_sizes(sealed_)),
      stretch_(stretch),
      damage_(damage) {
  rewind();
}

bool OpeningSource::rewind() {
  std::uint64_t skip = stretch_.offset;
  std::size_t segment = 0;
  sealed_at_ = 0;
  while (segment + 1 < sizes_.size() && skip >= sizes_[segment]) {
    skip -= sizes_[segment];
    sealed_at_ += sealed_.segments[segment++];
  }
  object_.clear();
  part_ = 0;
  enter(segment);
  at_ = skip;
  left_ = stretch_.length;
  return true;
}

void OpeningSource::damaged(const std::string& why) const {
  throw Corrupt(sealed_.what, why, "restore the object from another copy");
}

void OpeningSource::enter(std::size_t segment) {
  segment_ = segment;
  at_ = loaded_ = 0;
  cipher_.reset();
  std::string head(kSegmentHeader, '\0');
  sealed_.read_at(sealed_at_, head);
  try {
    open(head, segment);
  } catch (const Corrupt&) {
    if (damage_ == Damage::kThrows) throw;
  }
}

// Segments of one object name it, and their parts rise: one that was put there from elsewhere, or
// changed places, is found.
void OpeningSource::open(const std::string& head, std::size_t segment) {
  auto header = read_segment(head, sealed_.what);
  if (!header) damaged("the head of its sealed bytes is damaged");
  if (header->size != sizes_[segment])
    damaged("its sealed bytes are longer or shorter than sealed");
  if (!object_.empty() && header->object != object_) damaged("it holds a part of another object");
  const bool single = sizes_.size() == 1 && header->part == 0;
  if (!single && header->part <= part_) damaged("its parts are not in order");
  auto opened = open_segment(head, *header, keys_(*header));
  if (!opened && header->with == SealedWith::kOwnKey) damaged("its wrapped key is damaged");
  if (!opened) {
    throw AccessDenied::with_code(kOtherKey, sealed_.what,
                                  "the key is not the one that the object was encrypted with");
  }
  object_ = header->object;
  part_ = header->part;
  cipher_.emplace(opened->key);
}

void OpeningSource::load(std::uint64_t chunk) {
  const std::uint64_t begin = chunk * kSealedChunk;
  const std::size_t size =
      std::size_t(std::min<std::uint64_t>(kSealedChunk, sizes_[segment_] - begin));
  raw_.resize(size + codec::kGcmTagSize);
  block_.resize(size);
  loaded_ = 0;
  sealed_.read_at(sealed_at_ + kSegmentHeader + chunk * (kSealedChunk + codec::kGcmTagSize), raw_);
  if (!cipher_ || !cipher_->open(chunk_nonce(chunk), "", raw_, block_)) {
    if (damage_ == Damage::kThrows) damaged("its sealed bytes are not those that were sealed");
    block_.assign(raw_, 0, size);
  }
  loaded_ = chunk + 1;
}

std::size_t OpeningSource::read(std::span<char> into) {
  if (into.empty() || left_ == 0) return 0;
  while (at_ == sizes_[segment_]) {
    sealed_at_ += sealed_.segments[segment_];
    enter(segment_ + 1);
  }
  const std::uint64_t chunk = at_ / kSealedChunk;
  if (loaded_ != chunk + 1) load(chunk);
  const std::size_t from = std::size_t(at_ % kSealedChunk);
  const std::size_t count =
      std::size_t(std::min<std::uint64_t>({into.size(), block_.size() - from, left_}));
  std::copy_n(block_.data() + from, count, into.data());
  at_ += count;
  left_ -= count;
  return count;
}

}  // namespace holdfast::storage
