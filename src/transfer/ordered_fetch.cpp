#include "transfer/ordered_fetch.h"

#include <array>
#include <string_view>

namespace holdfast::transfer {

namespace {

constexpr std::size_t kLargestPiece = 16 << 20;  // larger ones are not fetched ahead
constexpr std::size_t kStep = 256 << 10;

}  // namespace

struct FetchAhead::Piece {
  Piece(FetchAhead& owner, std::size_t size) : home(owner), bytes(owner.buffers_.lend(size)) {}
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;
  ~Piece() {
    std::lock_guard lock(home.mutex_);
    home.bytes_ -= bytes.span().size();
  }

  void wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return done; });
    if (failure) std::rethrow_exception(failure);
  }
  void finish(std::exception_ptr why) {
    std::lock_guard lock(mutex);
    failure = std::move(why);
    done = true;
    changed.notify_all();
  }

  FetchAhead& home;
  BufferPool::Buffer bytes;
  std::mutex mutex;
  std::condition_variable changed;
  std::exception_ptr failure;
  bool done = false;
};

FetchAhead::FetchAhead(const Context& context, FetchEnvironment& environment, unsigned threads,
                       std::uint64_t most_bytes)
    : environment_(environment),
      threads_(threads),
      most_bytes_(most_bytes),
      buffers_(kLargestPiece),
      pool_(context, threads, std::size_t(threads) + 1) {}

void FetchAhead::take_request() {
  std::lock_guard lock(mutex_);
  ++requests_;
}

void FetchAhead::return_request() {
  std::lock_guard lock(mutex_);
  --requests_;
}

std::shared_ptr<FetchAhead::Piece> FetchAhead::start(const Context& context,
                                                     const std::shared_ptr<ItemFetch>& item,
                                                     std::uint64_t index) {
  const std::uint64_t length = item->length(index);
  {
    std::lock_guard lock(mutex_);
    if (length > kLargestPiece || requests_ >= threads_ || bytes_ + length > most_bytes_) {
      return nullptr;
    }
    ++requests_;
    bytes_ += length;
  }
  auto piece = std::make_shared<Piece>(*this, std::size_t(length));
  // Several readers submit, one at a time; fewer tasks wait than the pool's queue holds.
  std::lock_guard lock(submitting_);
  pool_.submit([this, context, item, index, piece] { fetch(context, *item, index, *piece); });
  return piece;
}

void FetchAhead::fetch(const Context& context, ItemFetch& item, std::uint64_t index, Piece& piece) {
  std::exception_ptr failure;
  try {
    FetchedPiece source(context, item, index);
    std::span<char> free = piece.bytes.span();
    std::array<char, 1> beyond;  // an end must be read, and a full buffer cannot
    while (std::size_t count = source.read(
               free.empty() ? std::span<char>(beyond) : free.first(std::min(free.size(), kStep)))) {
      free = free.subspan(count);
    }
  } catch (...) {
    failure = std::current_exception();
  }
  return_request();
  piece.finish(std::move(failure));
}

OrderedFetch::OrderedFetch(const Context& context, FetchAhead& ahead, storage::ObjectRef ref,
                           std::uint64_t size, std::optional<ObjectDigest> expected,
                           std::optional<std::string> revision, std::uint64_t piece_size)
    : context_(context.cancellable()),
      ahead_(ahead),
      item_(std::make_shared<ItemFetch>(ahead.environment_, std::move(ref), size,
                                        std::move(expected), std::move(revision), piece_size)),
      left_(size) {}

OrderedFetch::~OrderedFetch() {
  context_.cancel();
  end();
}

void OrderedFetch::end() {
  current_.reset();
  held_.reset();
  hold_request(false);
}

void OrderedFetch::hold_request(bool wanted) {
  if (wanted && !has_request_) ahead_.take_request();
  if (!wanted && has_request_) ahead_.return_request();
  has_request_ = wanted;
}

void OrderedFetch::begin_piece() {
  // While it reads what others fetched, its own request is theirs.
  hold_request(fetched_.empty());
  if (fetched_.empty()) {
    current_ = std::make_unique<FetchedPiece>(context_, *item_, index_);
    next_ahead_ = index_ + 1;
    return;
  }
  start_more();
  fetched_.front()->wait();
  held_ = std::move(fetched_.front());
  fetched_.pop_front();
  std::span<char> bytes = held_->bytes.span();
  current_ = std::make_unique<MemorySource>(std::string_view(bytes.data(), bytes.size()));
}

void OrderedFetch::start_more() {
  while (next_ahead_ < item_->pieces()) {
    auto piece = ahead_.start(context_, item_, next_ahead_);
    if (!piece) return;
    fetched_.push_back(std::move(piece));
    ++next_ahead_;
  }
}

std::size_t OrderedFetch::read(std::span<char> into) {
  if (has_ended_ || into.empty()) return 0;
  while (index_ < item_->pieces()) {
    if (!current_) begin_piece();
    start_more();
    if (std::size_t count = current_->read(into)) {
      left_ -= count;
      return count;
    }
    current_.reset();
    held_.reset();
    ++index_;
  }
  has_ended_ = true;
  end();
  return 0;
}

}  // namespace holdfast::transfer
