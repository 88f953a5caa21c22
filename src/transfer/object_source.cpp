#include "transfer/object_source.h"

#include <fmt/format.h>

namespace holdfast::transfer {

ObjectSource::ObjectSource(const Context& context, FetchEnvironment& environment,
                           storage::ObjectRef ref, std::uint64_t size,
                           std::optional<ObjectDigest> expected,
                           std::optional<std::string> revision)
    : context_(context),
      environment_(environment),
      ref_(std::move(ref)),
      size_(size),
      expected_(std::move(expected)),
      revision_(std::move(revision)),
      digests_(size, expected_ ? expected_->piece_size : kDigestPiece),
      sha256_(codec::DigestAlgorithm::kSha256) {
  if (expected_ && expected_->size != size_) corrupt("its recorded digest is of another size");
}

void ObjectSource::corrupt(std::string why) const {
  throw Corrupt(fmt::format("{} {}", environment_.verb, ref_.text()), std::move(why),
                "the stored object is damaged: use another backup");
}

void ObjectSource::open() {
  storage::GetRequest request;
  request.condition.revision_is = revision_;
  reader_ = environment_.storage.get(context_, ref_, request);
  if (reader_->info().size != size_) {
    corrupt(fmt::format("it has {} bytes, recorded were {}", reader_->info().size, size_));
  }
}

void ObjectSource::add(std::string_view bytes) {
  if (bytes.size() > size_ - position_) corrupt("it is longer than its announced length");
  position_ += bytes.size();
  if (!expected_) return;
  while (!bytes.empty()) {
    const std::uint64_t end = digests_.offset(piece_) + digests_.length(piece_);
    const std::uint64_t left = end - (position_ - bytes.size());
    const auto count = std::size_t(std::min<std::uint64_t>(left, bytes.size()));
    sha256_.update(bytes.substr(0, count));
    bytes.remove_prefix(count);
    if (count == left && piece_ + 1 < digests_.count()) {
      digests_.set(piece_++, sha256_.finish());
      sha256_ = codec::Digest(codec::DigestAlgorithm::kSha256);
    }
  }
}

void ObjectSource::check_end() {
  ended_ = true;
  if (position_ != size_) corrupt("it is shorter than its announced length");
  if (expected_) {
    digests_.set(piece_, sha256_.finish());
    ObjectDigest digest = digests_.finish();
    if (!(digest == *expected_)) {
      corrupt(fmt::format("its digest is {}, recorded was {}", digest.text(), expected_->text()));
    }
  }
  environment_.progress.advance(0, 1);
}

std::size_t ObjectSource::read(std::span<char> into) {
  if (ended_ || into.empty()) return 0;
  if (!reader_) open();
  context_.check(fmt::format("{} {}", environment_.verb, ref_.text()));
  const std::size_t count = reader_->read(into);
  if (count == 0) {
    check_end();
    return 0;
  }
  add({into.data(), count});
  environment_.progress.advance(count, 0);
  environment_.limiter.take(context_, count);
  return count;
}

}  // namespace holdfast::transfer
