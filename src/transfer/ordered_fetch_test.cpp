#include "transfer/ordered_fetch.h"

#include <condition_variable>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/memory/memory_storage.h"
#include "storage/wrap/intercept.h"
#include "transfer/transfer_testing.h"

namespace holdfast::transfer {
namespace {

using storage::ObjectRef;
using storage::Reader;

constexpr std::uint64_t kPiece = 1000;

// A storage whose readers can be seen, and held: those that begin behind `gate` bytes of the object
// give nothing until open_gate().
class Watch : public storage::Interceptor {
 public:
  void around(std::string_view verb, storage::Effect, const ObjectRef& ref,
              const std::function<void()>& call) override {
    if (verb == "get" && failure) failure(ref);
    call();
  }
  std::unique_ptr<Reader> opened(std::unique_ptr<Reader> reader) override;

  void wait_for_open(unsigned count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return open >= count; });
  }
  void open_gate() {
    std::lock_guard lock(mutex);
    gate = ~0ull;
    changed.notify_all();
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t gate = ~0ull;
  unsigned open = 0, most_open = 0, gets = 0;
  std::function<void(const ObjectRef&)> failure;
};

class WatchedReader : public Reader {
 public:
  WatchedReader(Watch& watch, std::unique_ptr<Reader> inner)
      : watch_(watch), inner_(std::move(inner)) {
    std::lock_guard lock(watch_.mutex);
    watch_.most_open = std::max(watch_.most_open, ++watch_.open);
    ++watch_.gets;
    watch_.changed.notify_all();
  }
  ~WatchedReader() override {
    std::lock_guard lock(watch_.mutex);
    --watch_.open;
    watch_.changed.notify_all();
  }
  std::size_t read(std::span<char> into) override {
    {
      std::unique_lock lock(watch_.mutex);
      watch_.changed.wait(lock, [&] { return inner_->offset() < watch_.gate; });
    }
    return inner_->read(into);
  }
  const storage::ObjectInfo& info() const override { return inner_->info(); }
  std::uint64_t offset() const override { return inner_->offset(); }
  std::uint64_t length() const override { return inner_->length(); }

 private:
  Watch& watch_;
  std::unique_ptr<Reader> inner_;
};

std::unique_ptr<Reader> Watch::opened(std::unique_ptr<Reader> reader) {
  return std::make_unique<WatchedReader>(*this, std::move(reader));
}

class OrderedFetchTest : public testing::Test {
 protected:
  OrderedFetchTest() { storage_->buckets()->create(context_, "bucket"); }

  ObjectRef put(const std::string& key, std::string_view bytes) {
    ObjectRef ref{"bucket", key};
    storage::put_bytes(*storage_, context_, ref, bytes);
    return ref;
  }
  static std::string read_to_end(Source& source, std::size_t step) {
    std::string out, buffer(step, '\0');
    while (std::size_t count = source.read(buffer)) out.append(buffer, 0, count);
    EXPECT_EQ(source.read(buffer), 0u);
    return out;
  }

  Context context_ = Context::background();
  std::shared_ptr<Watch> watch_ = std::make_shared<Watch>();
  std::unique_ptr<storage::Storage> storage_ =
      storage::intercept(storage::make_memory_storage(), watch_);
  CountingProgress progress_;
  FetchEnvironment environment_{*storage_, {}, progress_, "download"};
};

TEST_F(OrderedFetchTest, ObjectsOfAllSizesComeInOrderByAnyNumberOfThreads) {
  std::uint64_t total = 0, objects = 0;
  for (unsigned threads : {1u, 2u, 8u}) {
    FetchAhead ahead(context_, environment_, threads, 4 * kPiece);
    for (std::size_t size : {0, 1, 999, 1000, 1001, 5000, 123'456}) {
      std::string bytes = pattern(size);
      ObjectRef ref = put("object", bytes);
      for (std::size_t step : {64, 777, 100'000}) {
        OrderedFetch source(context_, ahead, ref, size, object_digest_of(bytes, kPiece),
                            std::nullopt);
        EXPECT_EQ(source.size(), size);
        EXPECT_TRUE(read_to_end(source, step) == bytes) << size << " " << threads;
        EXPECT_EQ(source.size(), 0u);
        total += size;
        EXPECT_EQ(progress_.objects, ++objects);
      }
    }
  }
  EXPECT_EQ(progress_.bytes, total);
}

TEST_F(OrderedFetchTest, WithoutADigestThePiecesAreAsAsked) {
  std::string bytes = pattern(2500);
  ObjectRef ref = put("object", bytes);
  FetchAhead ahead(context_, environment_, 1);
  OrderedFetch source(context_, ahead, ref, bytes.size(), std::nullopt, std::nullopt, kPiece);
  EXPECT_EQ(read_to_end(source, 10), bytes);
  EXPECT_EQ(watch_->gets, 3u);
}

// The reader gets its first bytes only after that many requests were open at once.
TEST_F(OrderedFetchTest, PiecesAreFetchedAheadAndNoMoreThanAllowed) {
  std::string bytes = pattern(20 * kPiece);
  ObjectRef ref = put("object", bytes);
  struct Case {
    unsigned threads;
    std::uint64_t memory;
    unsigned open;
  };
  for (Case c : {Case{4, 100 * kPiece, 4}, Case{8, 2 * kPiece, 3}, Case{1, 100 * kPiece, 1},
                 Case{4, kPiece - 1, 1}}) {
    watch_->gate = kPiece;  // the first piece passes
    watch_->most_open = 0;
    FetchAhead ahead(context_, environment_, c.threads, c.memory);
    OrderedFetch source(context_, ahead, ref, bytes.size(), object_digest_of(bytes, kPiece),
                        std::nullopt);
    char first = 0;
    ASSERT_EQ(source.read({&first, 1}), 1u);
    watch_->wait_for_open(c.open);
    watch_->open_gate();
    EXPECT_TRUE(first + read_to_end(source, 300) == bytes);
    EXPECT_EQ(watch_->most_open, c.open) << c.threads << " " << c.memory;
  }
}

// Two readers and room for two requests: neither may ask for more.
TEST_F(OrderedFetchTest, ManyObjectsAtOnceAreNotFetchedAhead) {
  std::string bytes = pattern(5 * kPiece);
  ObjectRef ref = put("object", bytes);
  FetchAhead ahead(context_, environment_, 2);
  auto open = [&] {
    return std::make_unique<OrderedFetch>(context_, ahead, ref, bytes.size(),
                                          object_digest_of(bytes, kPiece), std::nullopt);
  };
  watch_->gate = kPiece;
  auto one = open(), two = open();
  char first = 0;
  ASSERT_EQ(one->read({&first, 1}), 1u);
  watch_->wait_for_open(2);  // its own and one ahead
  ASSERT_EQ(two->read({&first, 1}), 1u);
  watch_->wait_for_open(3);
  watch_->open_gate();
  read_to_end(*two, 100);
  EXPECT_EQ(watch_->most_open, 3u);
  EXPECT_EQ(watch_->gets, 2u + 5u);
  two.reset();
  read_to_end(*one, 100);
}

TEST_F(OrderedFetchTest, DamageIsSeenAtTheEndAtTheLatest) {
  std::string bytes = pattern(5 * kPiece + 10);
  ObjectDigest digest = object_digest_of(bytes, kPiece);
  for (unsigned threads : {1u, 4u}) {
    FetchAhead ahead(context_, environment_, threads);
    for (std::size_t at : {std::size_t(0), std::size_t(2500), bytes.size() - 1}) {
      std::string damaged = bytes;
      damaged[at] = char(damaged[at] ^ 1);
      ObjectRef ref = put("damaged", damaged);
      OrderedFetch source(context_, ahead, ref, bytes.size(), digest, std::nullopt);
      try {
        read_to_end(source, 100);
        FAIL() << "not seen: " << at;
      } catch (const Corrupt& error) {
        EXPECT_THAT(error.to_string(), testing::HasSubstr("download bucket/damaged"));
      }
    }
    for (std::size_t size : {bytes.size() - 1, bytes.size() + 1, kPiece, std::size_t(0)}) {
      ObjectRef ref = put("damaged", pattern(size));
      OrderedFetch source(context_, ahead, ref, bytes.size(), digest, std::nullopt);
      EXPECT_THROW(read_to_end(source, 100), Corrupt) << size;
    }
    OrderedFetch missing(context_, ahead, {"bucket", "none"}, bytes.size(), digest, std::nullopt);
    EXPECT_THROW(read_to_end(missing, 100), NotFound);
  }
}

TEST_F(OrderedFetchTest, AFailureAheadIsThrownWhereThePieceBegins) {
  std::string bytes = pattern(3 * kPiece);
  ObjectRef ref = put("object", bytes);
  std::atomic<unsigned> calls = 0;
  watch_->failure = [&](const ObjectRef&) {
    if (++calls > 1) throw Unavailable("get", "failed on purpose");
  };
  FetchAhead ahead(context_, environment_, 3);
  OrderedFetch source(context_, ahead, ref, bytes.size(), object_digest_of(bytes, kPiece),
                      std::nullopt);
  std::string front(kPiece, '\0');
  EXPECT_EQ(read_full(source, front), kPiece);
  EXPECT_EQ(front, bytes.substr(0, kPiece));
  char next = 0;
  EXPECT_THROW(source.read({&next, 1}), Unavailable);
}

TEST_F(OrderedFetchTest, AReaderMayBeGivenUpWhilePiecesAreOnTheirWay) {
  std::string bytes = pattern(9 * kPiece);
  ObjectRef ref = put("object", bytes);
  FetchAhead ahead(context_, environment_, 4, 3 * kPiece);
  auto open = [&] {
    return std::make_unique<OrderedFetch>(context_, ahead, ref, bytes.size(),
                                          object_digest_of(bytes, kPiece), std::nullopt);
  };
  watch_->gate = kPiece;
  auto given_up = open();
  char first = 0;
  ASSERT_EQ(given_up->read({&first, 1}), 1u);
  watch_->wait_for_open(4);
  given_up.reset();
  // The next one does without what the other's pieces still hold.
  watch_->open_gate();
  EXPECT_TRUE(read_to_end(*open(), 100) == bytes);
}

TEST_F(OrderedFetchTest, ACancelledContextEndsIt) {
  std::string bytes = pattern(9 * kPiece);
  ObjectRef ref = put("object", bytes);
  Context context = context_.cancellable();
  FetchAhead ahead(context_, environment_, 1);
  OrderedFetch source(context, ahead, ref, bytes.size(), object_digest_of(bytes, kPiece),
                      std::nullopt);
  char first = 0;
  ASSERT_EQ(source.read({&first, 1}), 1u);
  context.cancel();
  EXPECT_THROW(read_to_end(source, 100), Cancelled);
}

}  // namespace
}  // namespace holdfast::transfer
