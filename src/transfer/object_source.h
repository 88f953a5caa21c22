// An object read from front to back while its digest is taken.
#pragma once

#include <memory>
#include <optional>

#include "base/stream.h"
#include "transfer/fetch.h"

namespace holdfast::transfer {

// One request for the whole object. At its end read() throws Corrupt, naming the object, when size
// or digest are not as recorded; until then nothing that was read is proven. Not thread-safe.
// Borrows `environment` and the context's owner.
class ObjectSource : public Source {
 public:
  ObjectSource(const Context& context, FetchEnvironment& environment, storage::ObjectRef ref,
               std::uint64_t size, std::optional<ObjectDigest> expected,
               std::optional<std::string> revision);
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return size_ - position_; }

 private:
  void open();
  void add(std::string_view bytes);
  void check_end();
  [[noreturn]] void corrupt(std::string why) const;

  Context context_;
  FetchEnvironment& environment_;
  const storage::ObjectRef ref_;
  const std::uint64_t size_;
  const std::optional<ObjectDigest> expected_;
  const std::optional<std::string> revision_;
  std::unique_ptr<storage::Reader> reader_;
  PieceDigests digests_;
  codec::Digest sha256_;  // of the piece that is being read
  std::uint64_t piece_ = 0, position_ = 0;
  bool ended_ = false;
};

}  // namespace holdfast::transfer
