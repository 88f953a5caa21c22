#include "transfer/fetch.h"

#include <fmt/format.h>

#include "codec/digest.h"

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
  digests_.set(index, read_piece(context, index, sink));
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

std::string ItemFetch::read_piece(
    const Context& context, std::uint64_t index,
    const std::function<void(std::uint64_t, std::string_view)>& sink) {
  std::uint64_t position = digests_.offset(index);
  const std::uint64_t end = position + digests_.length(index);
  storage::GetRequest request;
  request.condition.revision_is = revision_;
  if (pieces() > 1) request.range = storage::Range{position, end - 1, std::nullopt};
  context.check(fmt::format("{} {}", environment_.verb, ref_.text()));
  auto reader = open(context, request);
  if (reader->info().size != size_) {
    corrupt(fmt::format("it has {} bytes, recorded were {}", reader->info().size, size_));
  }
  if (reader->offset() != position || reader->length() != end - position) {
    corrupt("the storage sent another stretch than was asked for");
  }
  codec::Digest sha256(codec::DigestAlgorithm::kSha256);
  BufferPool::Buffer buffer = environment_.buffers.lend(kBuffer);
  while (std::size_t count = reader->read(buffer.span())) {
    if (count > end - position) corrupt("it is longer than its announced length");
    std::string_view bytes(buffer.span().data(), count);
    sha256.update(bytes);
    sink(position, bytes);
    position += count;
    environment_.progress.advance(count, 0);
    environment_.limiter.take(context, count);
  }
  if (position != end) corrupt("it is shorter than its announced length");
  return sha256.finish();
}

}  // namespace holdfast::transfer
