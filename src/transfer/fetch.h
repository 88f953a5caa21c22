// One item fetched in pieces, by whichever threads, and compared with what it should be. Shared by
// download, verify and ordered_fetch.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "codec/digest.h"
#include "transfer/buffer_pool.h"
#include "transfer/rate_limiter.h"
#include "transfer/transfer.h"

namespace holdfast::transfer {

// What the pieces of all items need in common.
struct FetchEnvironment {
  storage::Storage& storage;
  RateLimiter limiter;
  BufferPool buffers;
  Progress& progress;
  std::string_view verb;  // "download", "verify": how errors begin

  FetchEnvironment(storage::Storage& storage, const TransferOptions& options, Progress& progress,
                   std::string_view verb);
};

class FetchedPiece;

// Pieces may be fetched by different threads at once.
class ItemFetch {
 public:
  // The pieces are those of `expected`, else of `piece_size` bytes. Throws InvalidArgument when
  // `expected` is of another size.
  ItemFetch(FetchEnvironment& environment, storage::ObjectRef ref, std::uint64_t size,
            std::optional<ObjectDigest> expected, std::optional<std::string> revision,
            std::uint64_t piece_size);

  std::uint64_t pieces() const { return digests_.count(); }
  std::uint64_t length(std::uint64_t index) const { return digests_.length(index); }
  // Reads piece `index` and hands its bytes to `sink` with their offset in the object. Returns the
  // object's digest when this was the last piece, having compared it. Throws Corrupt when size or
  // digest are wrong.
  std::optional<ObjectDigest> fetch(
      const Context& context, std::uint64_t index,
      const std::function<void(std::uint64_t offset, std::string_view bytes)>& sink);

 private:
  friend class FetchedPiece;

  std::unique_ptr<storage::Reader> open(const Context& context, const storage::GetRequest& request);
  std::optional<ObjectDigest> finish_piece(std::uint64_t index, std::string sha256);
  [[noreturn]] void corrupt(std::string why) const;

  FetchEnvironment& environment_;
  const storage::ObjectRef ref_;
  const std::uint64_t size_;
  const std::optional<ObjectDigest> expected_;
  const std::optional<std::string> revision_;
  PieceDigests digests_;
  std::atomic<std::uint64_t> left_;
};

// One piece of an item as a stream: hashed as it is read, and at its end (a return of 0) entered
// into the item's digest. Borrows the item. Throws as ItemFetch::fetch does.
class FetchedPiece : public Source {
 public:
  FetchedPiece(const Context& context, ItemFetch& item, std::uint64_t index);
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return end_ - position_; }
  // At the end of the piece that was the last one: the object's digest.
  const std::optional<ObjectDigest>& whole() const { return whole_; }

 private:
  const Context context_;
  ItemFetch& item_;
  const std::uint64_t index_;
  std::uint64_t position_, end_;  // in the object
  std::unique_ptr<storage::Reader> reader_;
  codec::Digest sha256_{codec::DigestAlgorithm::kSha256};
  std::optional<ObjectDigest> whole_;
};

}  // namespace holdfast::transfer
