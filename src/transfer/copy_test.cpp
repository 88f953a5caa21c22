#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/memory/memory_storage.h"
#include "storage/wrap/intercept.h"
#include "storage/wrap/wrap.h"
#include "transfer/transfer.h"

namespace holdfast::transfer {
namespace {

using storage::ObjectRef;
using testing::HasSubstr;

constexpr std::uint64_t kPart = 5 << 20;

// Lets a test change what a storage does.
class Hook : public storage::Interceptor {
 public:
  std::function<void(std::string_view verb, const std::function<void()>& call)> on;
  void around(std::string_view verb, storage::Effect, const ObjectRef&,
              const std::function<void()>& call) override {
    if (on) {
      on(verb, call);
    } else {
      call();
    }
  }
};

class CopyTest : public testing::Test {
 protected:
  CopyTest() {
    for (auto* storage : {from_.get(), to_.get()}) storage->buckets()->create(context_, "bucket");
  }
  ObjectRef ref(const std::string& key) const { return {"bucket", key}; }

  std::string put(const std::string& key, std::string_view bytes) {
    storage::PutRequest request;
    request.attributes.headers["content-type"] = "text/plain";
    request.attributes.metadata["made-by"] = "a test";
    return storage::put_bytes(*from_, context_, ref(key), bytes, request).etag;
  }
  std::string put_in_parts(const std::string& key, const std::vector<std::string>& parts) {
    storage::Attributes attributes;
    attributes.metadata["made-by"] = "parts";
    auto id = from_->multipart()->create(context_, ref(key), attributes, std::nullopt);
    std::vector<storage::CompletedPart> done;
    for (const std::string& bytes : parts) {
      MemorySource source(bytes);
      unsigned number = unsigned(done.size()) + 1;
      auto part = from_->multipart()->put_part(context_, ref(key), id, number, source, {});
      done.push_back({number, part.etag, std::nullopt});
    }
    return from_->multipart()->complete(context_, ref(key), id, done, {}).etag;
  }
  std::vector<std::string> copy_all(storage::Storage& to) {
    std::vector<CopyItem> items;
    storage::list_all(*from_, context_, "bucket", "", [&](const storage::ObjectInfo& object) {
      items.push_back(
          {ref(object.key), ref(to_key(object.key)), object.size, object.etag, object.revision});
    });
    return copy(context_, *from_, to, items, {}, progress_);
  }
  static std::string to_key(const std::string& key) { return "copy/" + key; }
  std::string copied(storage::Storage& storage, const std::string& key) {
    return storage::get_bytes(storage, context_, ref(to_key(key)), 1 << 30);
  }
  storage::Attributes attributes(storage::Storage& storage, const std::string& key) {
    return storage.head(context_, ref(to_key(key)), {}).attributes;
  }

  Context context_ = Context::background();
  std::unique_ptr<storage::Storage> from_ = storage::make_memory_storage(),
                                    to_ = storage::make_memory_storage();
  SilentProgress progress_;
};

TEST_F(CopyTest, ObjectsComeWithTheirAttributesAndETags) {
  std::string small = put("a/small", "bytes"), empty = put("b/empty", "");
  EXPECT_THAT(copy_all(*to_), testing::ElementsAre(small, empty));
  EXPECT_EQ(copied(*to_, "a/small"), "bytes");
  EXPECT_EQ(copied(*to_, "b/empty"), "");
  EXPECT_EQ(attributes(*to_, "a/small").metadata.at("made-by"), "a test");
  EXPECT_EQ(attributes(*to_, "a/small").headers.at("content-type"), "text/plain");
}

TEST_F(CopyTest, PartsStayAsTheyWere) {
  std::vector<std::string> parts = {std::string(kPart, 'a'), std::string(kPart + 1, 'b'), "c"};
  std::string etag = put_in_parts("big", parts);
  ASSERT_THAT(etag, testing::EndsWith("-3"));
  EXPECT_THAT(copy_all(*to_), testing::ElementsAre(etag));
  EXPECT_TRUE(copied(*to_, "big") == parts[0] + parts[1] + parts[2]);
  EXPECT_EQ(attributes(*to_, "big").metadata.at("made-by"), "parts");
}

TEST_F(CopyTest, OneStorageCopiesByItself) {
  auto hook = std::make_shared<Hook>();
  std::vector<std::string> verbs;
  std::mutex mutex;
  hook->on = [&](std::string_view verb, const std::function<void()>& call) {
    std::lock_guard lock(mutex);
    verbs.emplace_back(verb);
    call();
  };
  put("a", "bytes");
  from_ = storage::intercept(std::move(from_), hook);
  copy_all(*from_);
  EXPECT_THAT(verbs, testing::ElementsAre("list", "copy"));
  EXPECT_EQ(copied(*from_, "a"), "bytes");
}

TEST_F(CopyTest, AnotherVersionIsNotTaken) {
  put("a", "old");
  auto info = from_->head(context_, ref("a"), {});
  put("a", "new");
  std::vector<CopyItem> items = {{ref("a"), ref("b"), info.size, info.etag, info.revision}};
  EXPECT_THROW(copy(context_, *from_, *to_, items, {}, progress_), PreconditionFailed);
  EXPECT_FALSE(storage::find(*to_, context_, ref("b")));
}

TEST_F(CopyTest, AStorageWithOtherETagsIsComparedByItsBytes) {
  // What the destination answers is no MD5, as with keys of its own (SSE-KMS).
  class Odd : public Hook {
   public:
    std::unique_ptr<storage::Reader> opened(std::unique_ptr<storage::Reader> reader) override {
      ++reads;
      return reader;
    }
    std::atomic<int> reads = 0;
  };
  auto hook = std::make_shared<Odd>();
  put("a", "bytes");
  auto info = from_->head(context_, ref("a"), {});
  auto odd = storage::intercept(std::move(to_), hook);
  std::vector<CopyItem> items = {{ref("a"), ref("b"), info.size, "not-an-md5", info.revision}};
  copy(context_, *from_, *odd, items, {}, progress_);
  EXPECT_EQ(hook->reads, 1);
}

TEST_F(CopyTest, ACopyThatHoldsOtherBytesIsTold) {
  put("a", "bytes");
  auto info = from_->head(context_, ref("a"), {});
  auto hook = std::make_shared<Hook>();
  auto* inner = to_.get();
  hook->on = [&](std::string_view verb, const std::function<void()>& call) {
    call();
    if (verb == "put") storage::put_bytes(*inner, context_, ref("b"), "bites");
  };
  auto liar = storage::intercept(std::move(to_), hook);
  std::vector<CopyItem> items = {{ref("a"), ref("b"), info.size, "not-an-md5", info.revision}};
  try {
    copy(context_, *from_, *liar, items, {}, progress_);
    FAIL();
  } catch (const Corrupt& error) {
    EXPECT_THAT(error.to_string(), HasSubstr("the copy holds other bytes"));
  }
}

TEST_F(CopyTest, AnUnfinishedUploadIsAborted) {
  put_in_parts("big", {std::string(kPart, 'a'), "b"});
  auto hook = std::make_shared<Hook>();
  hook->on = [&](std::string_view verb, const std::function<void()>& call) {
    if (verb == "multipart.complete") throw Failed("complete", "on purpose");
    call();
  };
  auto* inner = to_.get();
  auto broken = storage::intercept(std::move(to_), hook);
  EXPECT_THROW(copy_all(*broken), Failed);
  EXPECT_TRUE(inner->multipart()->uploads(context_, {.bucket = "bucket"}).uploads.empty());
}

TEST_F(CopyTest, ACompletionWithoutAnAnswerIsSettled) {
  std::string etag = put_in_parts("big", {std::string(kPart, 'a'), "b"});
  auto hook = std::make_shared<Hook>();
  int completions = 0;
  hook->on = [&](std::string_view verb, const std::function<void()>& call) {
    call();
    if (verb == "multipart.complete" && ++completions == 1) {
      throw Unavailable("complete", "the answer was lost");
    }
  };
  auto to = storage::intercept(std::move(to_), hook);
  EXPECT_THAT(copy_all(*to), testing::ElementsAre(etag));
  EXPECT_EQ(copied(*to, "big").size(), kPart + 1);
}

TEST_F(CopyTest, BodiesThatBreakOffAreSentAgain) {
  put("a", std::string(1 << 20, 'x'));
  auto hook = std::make_shared<Hook>();
  int puts = 0;
  hook->on = [&](std::string_view verb, const std::function<void()>& call) {
    call();
    if (verb == "put" && ++puts == 1) throw Unavailable("put", "the answer was lost");
  };
  auto to = storage::with_retry(storage::intercept(std::move(to_), hook),
                                {.first_pause = std::chrono::milliseconds(1)});
  copy_all(*to);
  EXPECT_EQ(puts, 2);
  EXPECT_EQ(copied(*to, "a"), std::string(1 << 20, 'x'));
}

}  // namespace
}  // namespace holdfast::transfer
