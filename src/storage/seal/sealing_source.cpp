#include "storage/seal/sealing_source.h"

#include <algorithm>

#include "base/error.h"
#include "storage/storage.h"

namespace holdfast::storage {

namespace {

std::uint64_t size_of(const Source& plain, const std::string& what) {
  auto size = plain.size();
  if (!size) {
    throw InvalidArgument::with_code("MissingContentLength", what,
                                     "its size is not known beforehand");
  }
  if (*size > kMostSealed) {
    throw InvalidArgument::with_code(kEntityTooLarge, what, "it is too large to be encrypted");
  }
  return *size;
}

}  // namespace

SealingSource::SealingSource(Source& plain, SegmentHeader header, const Secret& key,
                             std::string what)
    : plain_(plain), header_(std::move(header)), what_(std::move(what)) {
  header_.size = plain_left_ = size_of(plain, what_);
  sealed_left_ = sealed_size(plain_left_);
  const Segment segment = new_segment(header_, key, ready_);
  cipher_.emplace(segment.key);
}

void SealingSource::add_digest(codec::DigestAlgorithm algorithm) {
  const bool known = std::any_of(digests_.begin(), digests_.end(),
                                 [&](const auto& each) { return each.algorithm() == algorithm; });
  if (!known) digests_.emplace_back(algorithm);
}

std::string SealingSource::digest(codec::DigestAlgorithm algorithm) {
  for (codec::Digest& digest : digests_) {
    if (digest.algorithm() == algorithm) return digest.finish();
  }
  return {};
}

// The plain source must be read to its end: what it checks over the whole it throws there.
void SealingSource::check_end() {
  char beyond = 0;
  if (plain_.read({&beyond, 1}) != 0) {
    throw InvalidArgument::with_code(kIncompleteBody, what_, "it is longer than announced");
  }
  ended_ = true;
}

// The next chunk. Nothing of the last one is handed out before the plain bytes have ended well.
void SealingSource::fill() {
  const std::size_t count = std::size_t(std::min<std::uint64_t>(kSealedChunk, plain_left_));
  block_.resize(count);
  if (read_full(plain_, block_) < count) {
    throw InvalidArgument::with_code(kIncompleteBody, what_, "it ended before its announced size");
  }
  for (codec::Digest& digest : digests_) digest.update(block_);
  plain_left_ -= count;
  if (plain_left_ == 0) check_end();
  ready_.resize(count + codec::kGcmTagSize);
  at_ = 0;
  cipher_->seal(chunk_nonce(chunk_++), "", block_, ready_);
}

std::size_t SealingSource::read(std::span<char> into) {
  if (into.empty()) return 0;
  if (at_ == ready_.size()) {
    if (plain_left_ == 0) {
      if (!ended_) check_end();  // an empty one
      return 0;
    }
    fill();
  }
  const std::size_t count = std::min(into.size(), ready_.size() - at_);
  std::copy_n(ready_.data() + at_, count, into.data());
  at_ += count;
  sealed_left_ -= count;
  return count;
}

}  // namespace holdfast::storage
