#include "storage/wrap/wrap.h"

#include <gtest/gtest.h>

#include "storage/memory/memory_storage.h"
#include "storage/wrap/held_body.h"

namespace holdfast::storage {
namespace {

using namespace std::chrono_literals;

// A body that can be read once.
class OneWaySource : public Source {
 public:
  explicit OneWaySource(std::string bytes) : bytes_(std::move(bytes)), inner_(bytes_) {}
  std::size_t read(std::span<char> into) override { return inner_.read(into); }
  std::optional<std::uint64_t> size() const override { return inner_.size(); }

 private:
  std::string bytes_;
  MemorySource inner_;
};

class WrapTest : public ::testing::Test {
 protected:
  WrapTest() : memory_(make_memory_storage()) { memory_->buckets()->create(context_, "bucket"); }

  // Fails the next `failures_` calls of `failing_verb_`.
  std::unique_ptr<Storage> failing() {
    return with_faults(std::move(memory_), [this](std::string_view verb, const ObjectRef& ref) {
      ++calls_;
      if (verb == failing_verb_ && failures_ > 0) {
        --failures_;
        throw Unavailable(std::string(verb) + " " + ref.text(), "made up");
      }
    });
  }

  FakeClock clock_{parse_rfc3339("2026-11-22T10:00:00Z")};
  Context context_ = Context::with_clock(clock_);
  std::unique_ptr<Storage> memory_;
  std::string failing_verb_ = "put";
  int failures_ = 0, calls_ = 0;
  const ObjectRef ref_{"bucket", "a/key"};
};

TEST_F(WrapTest, RetryRepeatsWhatMayBeRepeated) {
  auto storage = with_retry(failing());
  failures_ = 3;
  EXPECT_NO_THROW(put_bytes(*storage, context_, ref_, "bytes"));
  EXPECT_EQ(calls_, 4);
  for (const char* verb : {"get", "head", "list", "remove", "copy"}) {
    failing_verb_ = verb;
    failures_ = 2;
    if (failing_verb_ == "get") {
      EXPECT_EQ(get_bytes(*storage, context_, ref_, 100), "bytes");
    }
    if (failing_verb_ == "head") {
      EXPECT_TRUE(find(*storage, context_, ref_).has_value());
    }
    if (failing_verb_ == "list") {
      EXPECT_EQ(storage->list(context_, {.bucket = "bucket"}).objects.size(), 1u);
    }
    if (failing_verb_ == "copy") {
      EXPECT_NO_THROW(storage->copy(context_, ref_, {"bucket", "b"}, {}));
    }
    if (failing_verb_ == "remove") {
      EXPECT_NO_THROW(remove_one(*storage, context_, {"bucket", "b"}));
    }
    EXPECT_EQ(failures_, 0) << verb;
  }
}

TEST_F(WrapTest, RetryGivesUpAfterItsAttempts) {
  auto storage = with_retry(failing(), {.attempts = 3});
  failures_ = 100;
  EXPECT_THROW(put_bytes(*storage, context_, ref_, "bytes"), Unavailable);
  EXPECT_EQ(calls_, 3);
}

TEST_F(WrapTest, RetryStaysInsideTheDeadline) {
  auto storage = with_retry(failing(), {.attempts = 1000, .first_pause = 1s, .longest_pause = 1s});
  failures_ = 1000;
  SteadyTime begin = clock_.steady();
  EXPECT_THROW(put_bytes(*storage, context_.with_timeout(10s), ref_, "bytes"), Error);
  EXPECT_LE(clock_.steady() - begin, 10s);
  EXPECT_GT(calls_, 5);
}

TEST_F(WrapTest, RetryNeverRepeatsAConditionalWriteNorABodyThatIsGone) {
  auto storage = with_retry(failing());
  PutRequest conditional;
  conditional.condition.must_not_exist = true;
  failures_ = 1;
  EXPECT_THROW(put_bytes(*storage, context_, ref_, "bytes", conditional), Unavailable);
  OneWaySource once("bytes");
  failures_ = 1;
  EXPECT_THROW(storage->put(context_, ref_, once, {}), Unavailable);
  CopyRequest copy;
  copy.condition.must_not_exist = true;
  failing_verb_ = "copy";
  failures_ = 1;
  EXPECT_THROW(storage->copy(context_, ref_, {"bucket", "b"}, copy), Unavailable);
  EXPECT_EQ(calls_, 3);
}

TEST_F(WrapTest, RetryRepeatsLooksAtBucketsOnly) {
  auto storage = with_retry(failing());
  for (const char* verb : {"buckets.list", "buckets.info"}) {
    failing_verb_ = verb;
    failures_ = 2;
    EXPECT_EQ(storage->buckets()->list(context_).size(), 1u);
    EXPECT_EQ(storage->buckets()->info(context_, "bucket").name, "bucket");
    EXPECT_EQ(failures_, 0) << verb;
  }
  failing_verb_ = "buckets.create";
  failures_ = 1;
  EXPECT_THROW(storage->buckets()->create(context_, "more"), Unavailable);
  failing_verb_ = "buckets.remove";
  failures_ = 1;
  EXPECT_THROW(storage->buckets()->remove(context_, "bucket"), Unavailable);
}

TEST_F(WrapTest, RetryCanLeaveWritesToTheDriver) {
  auto storage = with_retry(failing(), {.writes = false});
  failures_ = 1;
  EXPECT_THROW(put_bytes(*storage, context_, ref_, "bytes"), Unavailable);
  put_bytes(*storage, context_, ref_, "bytes");
  for (const char* verb : {"copy", "multipart.create", "remove", "head"}) {
    failing_verb_ = verb;
    failures_ = 1;
    calls_ = 0;
    if (failing_verb_ == "copy") {
      EXPECT_THROW(storage->copy(context_, ref_, {"bucket", "b"}, {}), Unavailable);
    } else if (failing_verb_ == "remove") {
      EXPECT_THROW(remove_one(*storage, context_, {"bucket", "b"}), Unavailable);
    } else if (failing_verb_ == "multipart.create") {
      EXPECT_THROW(storage->multipart()->create(context_, ref_, {}, std::nullopt), Unavailable);
    } else {
      EXPECT_TRUE(find(*storage, context_, ref_).has_value());
    }
    EXPECT_EQ(calls_, failing_verb_ == "head" ? 2 : 1) << verb;
  }
}

TEST_F(WrapTest, RetryLeavesOtherErrorsAlone) {
  auto storage =
      with_retry(with_faults(std::move(memory_), [this](std::string_view, const ObjectRef&) {
        ++calls_;
        throw AccessDenied("put", "no");
      }));
  EXPECT_THROW(put_bytes(*storage, context_, ref_, "bytes"), AccessDenied);
  EXPECT_EQ(calls_, 1);
}

// Readers of the storage below break off after `step` bytes each.
class BreakingReader : public Reader {
 public:
  BreakingReader(std::unique_ptr<Reader> inner, std::size_t step)
      : inner_(std::move(inner)), left_(step) {}
  const ObjectInfo& info() const override { return inner_->info(); }
  std::uint64_t offset() const override { return inner_->offset(); }
  std::uint64_t length() const override { return inner_->length(); }
  std::size_t read(std::span<char> into) override {
    if (left_ == 0) throw Unavailable("read", "connection reset");
    std::size_t count = inner_->read(into.first(std::min(into.size(), left_)));
    left_ -= count;
    return count;
  }

 private:
  std::unique_ptr<Reader> inner_;
  std::size_t left_;
};

class BreakingReads : public Storage {
 public:
  BreakingReads(std::unique_ptr<Storage> inner, std::size_t step)
      : inner_(std::move(inner)), step_(step) {}
  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  PutResult put(const Context& c, const ObjectRef& ref, Source& body,
                const PutRequest& request) override {
    return inner_->put(c, ref, body, request);
  }
  std::unique_ptr<Reader> get(const Context& c, const ObjectRef& ref,
                              const GetRequest& request) override {
    ++gets;
    return std::make_unique<BreakingReader>(inner_->get(c, ref, request), step_);
  }
  ObjectInfo head(const Context& c, const ObjectRef& ref, const GetRequest& request) override {
    return inner_->head(c, ref, request);
  }
  std::vector<RemoveResult> remove(const Context& c, const std::string& bucket,
                                   const std::vector<RemoveTarget>& targets) override {
    return inner_->remove(c, bucket, targets);
  }
  ListPage list(const Context& c, const ListRequest& request) override {
    return inner_->list(c, request);
  }
  CopyResult copy(const Context& c, const ObjectRef& a, const ObjectRef& b,
                  const CopyRequest& r) override {
    return inner_->copy(c, a, b, r);
  }
  BucketStore* buckets() override { return inner_->buckets(); }
  MultipartStore* multipart() override { return inner_->multipart(); }
  int gets = 0;

 private:
  std::unique_ptr<Storage> inner_;
  std::size_t step_;
};

TEST_F(WrapTest, ABrokenReadGoesOnWhereItWas) {
  auto breaking = std::make_unique<BreakingReads>(std::move(memory_), 7);
  BreakingReads* raw = breaking.get();
  auto storage = with_retry(std::move(breaking));
  std::string bytes = "0123456789abcdefghijklmnopqrstuvwxyz";
  put_bytes(*storage, context_, ref_, bytes);
  EXPECT_EQ(get_bytes(*storage, context_, ref_, 100), bytes);
  EXPECT_GT(raw->gets, 4);
  GetRequest range;
  range.range = Range{3, 20, std::nullopt};
  EXPECT_EQ(get_bytes(*storage, context_, ref_, 100, range), bytes.substr(3, 18));
}

TEST_F(WrapTest, ABrokenReadNeverMixesTwoVersions) {
  auto storage = with_retry(std::make_unique<BreakingReads>(std::move(memory_), 4));
  put_bytes(*storage, context_, ref_, "first version");
  auto reader = storage->get(context_, ref_, {});
  char buffer[4];
  ASSERT_EQ(reader->read(buffer), 4u);
  put_bytes(*storage, context_, ref_, "second version");
  EXPECT_THROW(reader->read(buffer), PreconditionFailed);
}

TEST_F(WrapTest, TheMeterCountsCallsBytesAndErrors) {
  StorageCounts counts;
  auto storage = with_meter(std::move(memory_), counts);
  put_bytes(*storage, context_, ref_, "bytes");
  get_bytes(*storage, context_, ref_, 100);
  EXPECT_THROW(storage->head(context_, {"bucket", "missing"}, {}), NotFound);
  storage->list(context_, {.bucket = "bucket"});
  std::string upload = storage->multipart()->create(context_, {"bucket", "m"}, {}, std::nullopt);
  MemorySource part("12345678");
  storage->multipart()->put_part(context_, {"bucket", "m"}, upload, 1, part, {});
  storage->multipart()->abort(context_, {"bucket", "m"}, upload);
  EXPECT_EQ(counts.put, 1u);
  EXPECT_EQ(counts.get, 1u);
  EXPECT_EQ(counts.head, 1u);
  EXPECT_EQ(counts.list, 1u);
  EXPECT_EQ(counts.multipart, 3u);
  EXPECT_EQ(counts.errors, 1u);
  EXPECT_EQ(counts.bytes_in, 13u);
  EXPECT_EQ(counts.bytes_out, 5u);
}

TEST_F(WrapTest, ReadOnlyRefusesEveryChange) {
  put_bytes(*memory_, context_, ref_, "bytes");
  auto storage = with_read_only(std::move(memory_));
  EXPECT_EQ(get_bytes(*storage, context_, ref_, 100), "bytes");
  EXPECT_EQ(storage->list(context_, {.bucket = "bucket"}).objects.size(), 1u);
  EXPECT_THROW(put_bytes(*storage, context_, ref_, "other"), Refused);
  EXPECT_THROW(remove_one(*storage, context_, ref_), Refused);
  EXPECT_THROW(storage->copy(context_, ref_, {"bucket", "b"}, {}), Refused);
  EXPECT_THROW(storage->multipart()->create(context_, ref_, {}, std::nullopt), Refused);
  EXPECT_THROW(storage->buckets()->create(context_, "another"), Refused);
  EXPECT_EQ(get_bytes(*storage, context_, ref_, 100), "bytes");
}

TEST_F(WrapTest, RetryHoldsBodiesThatPassOnce) {
  auto storage = with_retry(failing(), {}, 25 << 20);
  const std::string bytes(kMostHeldBody, 'x');
  OneWaySource body(bytes);
  failures_ = 2;
  storage->put(context_, ref_, body, {});
  EXPECT_EQ(calls_, 3);
  EXPECT_TRUE(get_bytes(*storage, context_, ref_, kMostHeldBody) == bytes);
  failing_verb_ = "multipart.put_part";
  failures_ = 2;
  const std::string id = storage->multipart()->create(context_, ref_, {}, std::nullopt, {});
  OneWaySource part("part");
  EXPECT_EQ(storage->multipart()->put_part(context_, ref_, id, 1, part, {}).size, 4u);
}

TEST_F(WrapTest, RetryHoldsNothingThatIsLargeConditionalOrWithoutRoom) {
  failures_ = 100;
  for (const auto& [size, condition, room] :
       {std::tuple{kMostHeldBody + 1, Condition{}, std::size_t(25 << 20)},
        {4, Condition{.must_not_exist = true}, 25 << 20},
        {kMostHeldBody, Condition{}, 1},
        {4, Condition{}, 0}}) {
    memory_ = make_memory_storage();
    memory_->buckets()->create(context_, "bucket");
    calls_ = 0;
    auto storage = with_retry(failing(), {}, room);
    OneWaySource body(std::string(size, 'x'));
    EXPECT_THROW(storage->put(context_, ref_, body, {.condition = condition}), Unavailable);
    EXPECT_EQ(calls_, 1) << size;
  }
}

TEST_F(WrapTest, AHeldBodyTellsItsChecksumOnceAndMustBeWhole) {
  auto storage = with_retry(failing(), {}, 25 << 20);
  constexpr auto kKind = codec::DigestAlgorithm::kCrc32;
  int asked = 0;
  PutRequest request;
  request.checksum_at_end = [&]() -> std::optional<Checksum> {
    ++asked;
    return Checksum{kKind, codec::digest_of(kKind, "bytes")};
  };
  OneWaySource body("bytes");
  failures_ = 2;
  storage->put(context_, ref_, body, request);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(storage->head(context_, ref_, {}).attributes.checksum->value,
            codec::digest_of(kKind, "bytes"));
  // Announces more, or less, than it has.
  class Liar : public OneWaySource {
   public:
    Liar(std::string bytes, std::uint64_t said) : OneWaySource(std::move(bytes)), said_(said) {}
    std::optional<std::uint64_t> size() const override { return said_; }

   private:
    std::uint64_t said_;
  };
  for (const std::uint64_t said : {3u, 9u}) {
    Liar liar("bytes", said);
    EXPECT_THROW(storage->put(context_, ref_, liar, {}), InvalidArgument);
  }
}

}  // namespace
}  // namespace holdfast::storage
