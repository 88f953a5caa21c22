// One item fetched in pieces, by whichever threads, and compared with what it should be. Shared by
// download and verify.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

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

// Pieces may be fetched by different threads at once.
class ItemFetch {
 public:
  // The pieces are those of `expected`, else of `piece_size` bytes. Throws InvalidArgument when
  // `expected` is of another size.
  ItemFetch(FetchEnvironment& environment, storage::ObjectRef ref, std::uint64_t size,
            std::optional<ObjectDigest> expected, std::optional<std::string> revision,
            std::uint64_t piece_size);

  std::uint64_t pieces() const { return digests_.count(); }
  // Reads piece `index` and hands its bytes to `sink` with their offset in the object. Returns the
  // object's digest when this was the last piece, having compared it. Throws Corrupt when size or
  // digest are wrong.
  std::optional<ObjectDigest> fetch(
      const Context& context, std::uint64_t index,
      const std::function<void(std::uint64_t offset, std::string_view bytes)>& sink);

 private:
  std::unique_ptr<storage::Reader> open(const Context& context, const storage::GetRequest& request);
  std::string read_piece(const Context& context, std::uint64_t index,
                         const std::function<void(std::uint64_t, std::string_view)>& sink);
  [[noreturn]] void corrupt(std::string why) const;

  FetchEnvironment& environment_;
  const storage::ObjectRef ref_;
  const std::uint64_t size_;
  const std::optional<ObjectDigest> expected_;
  const std::optional<std::string> revision_;
  PieceDigests digests_;
  std::atomic<std::uint64_t> left_;
};

}  // namespace holdfast::transfer
