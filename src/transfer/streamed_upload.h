// An object whose size nobody knows yet: its bytes are hashed and sent in pieces as they come, and
// nothing shows until it is published.
#pragma once

#include <memory>
#include <string_view>

#include "transfer/transfer.h"

namespace holdfast::transfer {

// One thread at a time. Memory: five pieces. Requests are never repeated here, as in transfer.h.
class StreamedUpload {
 public:
  // `begin` are the attributes of an object of several pieces, which the storage wants before their
  // bytes. options.piece_size holds for the digest too; it is made larger when an object of four
  // times the `expected` bytes would have more than 10,000 pieces. Borrows all but `ref` and
  // `begin`.
  StreamedUpload(const Context& context, storage::Storage& storage, storage::ObjectRef ref,
                 storage::Attributes begin, const TransferOptions& options, std::uint64_t expected);
  // What was not published is thrown away.
  ~StreamedUpload();
  StreamedUpload(const StreamedUpload&) = delete;
  StreamedUpload& operator=(const StreamedUpload&) = delete;

  // Waits while three pieces are on their way. Throws what the storage throws, then or later;
  // Unsupported beyond 10,000 pieces.
  void write(std::string_view bytes);
  // No more bytes: returns when the storage has them all.
  ObjectDigest finish();
  // After finish(), under its name, which must not be there yet (PreconditionFailed). An object of
  // one piece gets `attributes` in place of `begin`.
  UploadResult publish(const storage::Attributes& attributes);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::transfer
