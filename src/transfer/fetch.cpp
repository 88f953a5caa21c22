#include "transfer/fetch.h"

#include <fmt/format.h>

namespace holdfast::transfer {

namespace {

constexpr std::size_t kBuffer = 256 * 1024;

}  // namespace

FetchEnvironment::FetchEnvironment(storage::Storage& from, const TransferOptions& options,
                                   Progress& shown, std::string_view how)
    : storage(from),
      limiter(options.max_bytes_per_second),
      buffers(kBuffer),
      progress(shown),
      verb(how) {}

ItemFetch::ItemFetch(FetchEnvironment& environment, storage::ObjectRef ref, std::uint64_t size,
                     std::optional<ObjectDigest> expected, std::optional<std::string> revision,
                     std::uint64_t piece_size)
    : environment_(environment),
      ref_(std::move(ref)),
      size_(size),
      expected_(std::move(expected)),
      revision_(std::move(revision)),
      digests_(size, expected_ ? expected_->piece_size : piece_size),
      left_(digests_.count()) {
  if (expected_ && expected_->size != size_) {
    throw InvalidArgument(fmt::format("{} {}", environment_.verb, ref_.text()),
                          "its recorded digest is of another size");
  }
}

void ItemFetch::corrupt(std::string why) const {
  throw Corrupt(fmt::format("{} {}", environment_.verb, ref_.text()), std::move(why),
                "the stored object is damaged: use another backup");
}

std::optional<ObjectDigest> ItemFetch::fetch(
    const Context& context, std::uint64_t index,
    const std::function<void(std::uint64_t, std::string_view)>& sink) {
  FetchedPiece piece(context, *this, index);
  BufferPool::Buffer buffer = environment_.buffers.lend(kBuffer);
  std::uint64_t position = digests_.offset(index);
  while (std::size_t count = piece.read(buffer.span())) {
    sink(position, {buffer.span().data(), count});
    position += count;
  }
  return piece.whole();
}

std::optional<ObjectDigest> ItemFetch::finish_piece(std::uint64_t index, std::string sha256) {
  digests_.set(index, std::move(sha256));
  if (left_.fetch_sub(1) != 1) return std::nullopt;
  ObjectDigest digest = digests_.finish();
  if (expected_ && !(digest == *expected_)) {
    corrupt(fmt::format("its digest is {}, recorded was {}", digest.text(), expected_->text()));
  }
  environment_.progress.advance(0, 1);
  return digest;
}

std::unique_ptr<storage::Reader> ItemFetch::open(const Context& context,
                                                 const storage::GetRequest& request) {
  try {
    return environment_.storage.get(context, ref_, request);
  } catch (const InvalidArgument& error) {
    if (error.code() != storage::kInvalidRange) throw;
    corrupt("it is shorter than recorded");
  }
}

FetchedPiece::FetchedPiece(const Context& context, ItemFetch& item, std::uint64_t index)
    : context_(context),
      item_(item),
      index_(index),
      position_(item.digests_.offset(index)),
      end_(position_ + item.digests_.length(index)) {
  storage::GetRequest request;
  request.condition.revision_is = item.revision_;
  if (item.pieces() > 1) request.range = storage::Range{position_, end_ - 1, std::nullopt};
  context_.check(fmt::format("{} {}", item.environment_.verb, item.ref_.text()));
  reader_ = item.open(context_, request);
  if (reader_->info().size != item.size_) {
    item.corrupt(
        fmt::format("it has {} bytes, recorded were {}", reader_->info().size, item.size_));
  }
  if (reader_->offset() != position_ || reader_->length() != end_ - position_) {
    item.corrupt("the storage sent another stretch than was asked for");
  }
}

std::size_t FetchedPiece::read(std::span<char> into) {
  if (!reader_ || into.empty()) return 0;
  const std::size_t count = reader_->read(into);
  if (count == 0) {
    if (position_ != end_) item_.corrupt("it is shorter than its announced length");
    reader_.reset();
    whole_ = item_.finish_piece(index_, sha256_.finish());
    return 0;
  }
  if (count > end_ - position_) item_.corrupt("it is longer than its announced length");
  sha256_.update({into.data(), count});
  position_ += count;
  item_.environment_.progress.advance(count, 0);
  item_.environment_.limiter.take(context_, count);
  return count;
}

}  // namespace holdfast::transfer
