// An object read from front to back while its pieces further on are being fetched already: for
// those who take a stream apart in its order (archives) but should not wait for one connection.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>

#include "base/stream.h"
#include "base/worker_pool.h"
#include "transfer/fetch.h"

namespace holdfast::transfer {

// What the readers of several objects share: requests and memory for pieces that lie ahead. Pieces
// are asked for ahead only while there are fewer requests than `threads`: many objects at once are
// fetched side by side, the last large one by all threads. Thread-safe. Borrows the environment;
// must outlive its readers.
class FetchAhead {
 public:
  // No request is begun ahead when that would make it more than `threads` at once; those of readers
  // count, and wait for nobody. What was fetched and not read yet takes at most `most_bytes`.
  FetchAhead(const Context& context, FetchEnvironment& environment, unsigned threads,
             std::uint64_t most_bytes = 48ull << 20);

 private:
  friend class OrderedFetch;
  struct Piece;

  // nullptr when there is no request or no memory to spare.
  std::shared_ptr<Piece> start(const Context& context, const std::shared_ptr<ItemFetch>& item,
                               std::uint64_t index);
  void fetch(const Context& context, ItemFetch& item, std::uint64_t index, Piece& piece);
  void take_request();
  void return_request();

  FetchEnvironment& environment_;
  const unsigned threads_;
  const std::uint64_t most_bytes_;
  BufferPool buffers_;
  std::mutex mutex_;
  std::uint64_t bytes_ = 0;  // of buffers of pieces that somebody still holds
  unsigned requests_ = 0;    // of readers and ahead of them
  std::mutex submitting_;
  WorkerPool pool_;  // last: its threads use all of the above
};

// One object. read() throws Corrupt, naming the object, when its size or digest is not what was
// recorded: at the end at the latest, and until then nothing that was read is proven. Other
// failures of a piece are thrown where the piece begins, also when they happened long before. After
// a failure it must not be read again. Without a request or memory to spare it is read piece by
// piece, unbuffered. Not thread-safe.
class OrderedFetch : public Source {
 public:
  OrderedFetch(const Context& context, FetchAhead& ahead, storage::ObjectRef ref,
               std::uint64_t size, std::optional<ObjectDigest> expected,
               std::optional<std::string> revision, std::uint64_t piece_size = kDigestPiece);
  // Cancels what is being fetched ahead; does not wait for it.
  ~OrderedFetch() override;
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return left_; }

 private:
  void begin_piece();
  void hold_request(bool wanted);
  void start_more();
  void end();

  const Context context_;
  FetchAhead& ahead_;
  const std::shared_ptr<ItemFetch> item_;
  std::uint64_t left_;            // bytes still to come
  std::uint64_t index_ = 0;       // of the piece that is read
  std::uint64_t next_ahead_ = 1;  // the first that nobody has asked for
  std::deque<std::shared_ptr<FetchAhead::Piece>>
      fetched_;                              // those before next_ahead_, from index_ + 1 on
  std::shared_ptr<FetchAhead::Piece> held_;  // whose bytes current_ reads
  std::unique_ptr<Source> current_;
  bool has_request_ = false, has_ended_ = false;
};

}  // namespace holdfast::transfer
