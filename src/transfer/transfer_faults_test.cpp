// Transfers over a storage that fails, counted request by request.
#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>

#include "storage/memory/memory_storage.h"
#include "storage/wrap/intercept.h"
#include "storage/wrap/wrap.h"
#include "transfer/transfer.h"

namespace holdfast::transfer {
namespace {

using storage::ObjectRef;
using Fault = std::function<void(std::string_view verb, const ObjectRef& ref)>;

constexpr std::uint64_t kPiece = 1000;

// memory <- faults <- retry <- counts. The clock moves only by the pauses of retries.
class TransferFaultsTest : public testing::Test {
 protected:
  TransferFaultsTest() {
    auto faulty = storage::with_faults(storage::make_memory_storage(),
                                       [this](std::string_view verb, const ObjectRef& ref) {
                                         {
                                           std::lock_guard lock(mutex_);
                                           ++calls_[std::string(verb)];
                                         }
                                         if (fault_) fault_(verb, ref);
                                       });
    storage_ = storage::with_meter(storage::with_retry(std::move(faulty)), counts_);
    storage_->buckets()->create(context_, "bucket");
    calls_.clear();
  }

  fs::path write(const std::string& name, std::uint64_t size) {
    write_file_durably(folder_.path() / name, std::string(size, 'x'));
    return folder_.path() / name;
  }
  std::vector<UploadResult> send(const std::vector<UploadItem>& items) {
    SilentProgress progress;
    return upload(context_, *storage_, items, options_, progress);
  }
  std::vector<ObjectDigest> fetch(const std::vector<DownloadItem>& items) {
    SilentProgress progress;
    return download(context_, *storage_, items, options_, progress);
  }
  int calls(const std::string& verb) {
    std::lock_guard lock(mutex_);
    return calls_[verb];
  }
  // Throws Unavailable for the first `times` calls of `verb`.
  Fault failing(std::string wanted, int times) {
    auto left = std::make_shared<std::atomic<int>>(times);
    return [wanted, left](std::string_view verb, const ObjectRef&) {
      if (verb == wanted && (*left)-- > 0) throw Unavailable("a call", "failed on purpose");
    };
  }
  std::size_t unfinished() {
    fault_ = nullptr;
    return storage_->multipart()->uploads(context_, {.bucket = "bucket"}).uploads.size();
  }

  FakeClock clock_{WallTime{}};
  Context context_ = Context::with_clock(clock_);
  TemporaryFolder folder_;
  storage::StorageCounts counts_;
  std::mutex mutex_;
  std::map<std::string, int> calls_;
  Fault fault_;
  std::unique_ptr<storage::Storage> storage_;
  TransferOptions options_{.threads = 4, .piece_size = kPiece};
};

TEST_F(TransferFaultsTest, RequestsAreAsFewAsTheyCanBe) {
  std::vector<UploadItem> items;
  std::vector<DownloadItem> back;
  for (std::uint64_t size : {0u, 1u, 1000u, 1001u, 5000u}) {
    ObjectRef ref{"bucket", std::to_string(size)};
    items.push_back({write(ref.key, size), 0, size, ref});
    back.push_back({ref, size, folder_.path() / "back" / ref.key});
  }
  send(items);
  EXPECT_EQ(counts_.put, 3u);
  EXPECT_EQ(counts_.multipart, 2u + 2u + 5u + 2u);  // begins, parts, parts, ends
  EXPECT_EQ(counts_.head + counts_.list + counts_.get + counts_.remove, 0u);
  fetch(back);
  EXPECT_EQ(counts_.get, 3u + 2u + 5u);
  EXPECT_EQ(counts_.head + counts_.list, 0u);
}

TEST_F(TransferFaultsTest, PassingTroubleIsRidOut) {
  for (const char* verb : {"put", "multipart.create", "multipart.put_part", "multipart.complete"}) {
    fault_ = failing(verb, 3);
    fs::path file = write(std::string("file of ") + verb, 3500);
    auto results = send({{file, 0, 10, {"bucket", "small"}}, {file, 0, 3500, {"bucket", "large"}}});
    EXPECT_EQ(results[1].digest, object_digest_of(std::string(3500, 'x'), kPiece));
    EXPECT_EQ(storage::get_bytes(*storage_, context_, {"bucket", "large"}, 10'000),
              std::string(3500, 'x'));
    EXPECT_EQ(unfinished(), 0u) << verb;
  }
  fault_ = failing("get", 4);
  fetch({{{"bucket", "large"}, 3500, folder_.path() / "back"}});
  EXPECT_EQ(read_file(folder_.path() / "back", 10'000), std::string(3500, 'x'));
}

TEST_F(TransferFaultsTest, TroubleThatStaysEndsTheUploadAndAbortsIt) {
  fs::path file = write("file", 5000);
  std::atomic<int> parts = 0;
  fault_ = [&](std::string_view verb, const ObjectRef&) {
    if (verb == "multipart.put_part" && ++parts == 3)
      throw AccessDenied("a part", "refused on purpose");
  };
  try {
    send({{file, 0, 5000, {"bucket", "large"}}});
    FAIL() << "a refused part was not noticed";
  } catch (const AccessDenied& error) {
    EXPECT_EQ(error.subject(), "a part");
  }
  EXPECT_EQ(unfinished(), 0u);
  EXPECT_FALSE(storage::find(*storage_, context_, {"bucket", "large"}));
}

TEST_F(TransferFaultsTest, AFailureOfOneItemAbortsTheOthersToo) {
  fs::path file = write("file", 100'000);
  fault_ = [&](std::string_view verb, const ObjectRef&) {
    if (verb == "put") throw NoSpace("a put", "full on purpose");
  };
  EXPECT_THROW(send({{file, 0, 100'000, {"bucket", "large"}}, {file, 0, 10, {"bucket", "small"}}}),
               NoSpace);
  EXPECT_EQ(unfinished(), 0u);
}

TEST_F(TransferFaultsTest, AnAbortThatFailsDoesNotHideTheCause) {
  fs::path file = write("file", 5000);
  fault_ = [&](std::string_view verb, const ObjectRef&) {
    if (verb == "multipart.put_part" || verb == "multipart.abort")
      throw AccessDenied("a call", "refused on purpose");
  };
  EXPECT_THROW(send({{file, 0, 5000, {"bucket", "large"}}}), AccessDenied);
  EXPECT_EQ(unfinished(), 1u);
}

TEST_F(TransferFaultsTest, AnAbortHasATimeOfItsOwn) {
  fs::path file = write("file", 5000);
  context_ = context_.cancellable();
  fault_ = [&](std::string_view verb, const ObjectRef&) {
    if (verb == "multipart.put_part") context_.cancel();
  };
  EXPECT_THROW(send({{file, 0, 5000, {"bucket", "large"}}}), Cancelled);
  context_ = Context::with_clock(clock_);
  EXPECT_EQ(unfinished(), 0u);
}

// Lets the first call of `verb` happen, and loses its answer after calling `then`.
class LostAnswer : public storage::Interceptor {
 public:
  explicit LostAnswer(std::function<void()> then, std::string verb = "multipart.complete")
      : then_(std::move(then)), verb_(std::move(verb)) {}
  void around(std::string_view verb, storage::Effect, const ObjectRef&,
              const std::function<void()>& call) override {
    call();
    if (verb != verb_ || lost_) return;
    lost_ = true;
    then_();
    throw Unavailable(verb_, "the answer was lost on purpose");
  }

 private:
  std::function<void()> then_;
  std::string verb_;
  bool lost_ = false;
};

TEST_F(TransferFaultsTest, ACompletionWhoseAnswerWasLostIsFound) {
  storage_ = storage::intercept(std::move(storage_), std::make_shared<LostAnswer>([] {}));
  auto results = send({{write("file", 2500), 0, 2500, {"bucket", "large"}}});
  EXPECT_EQ(results[0].etag, storage_->head(context_, {"bucket", "large"}, {}).etag);
  EXPECT_EQ(results[0].digest, object_digest_of(std::string(2500, 'x'), kPiece));
  EXPECT_EQ(calls("multipart.complete"), 2);
  EXPECT_EQ(calls("multipart.abort"), 0);
}

TEST_F(TransferFaultsTest, AnObjectThatSomebodyElseWroteIsNotTakenForOurs) {
  auto overwrite = [this] {
    storage::put_bytes(*storage_, context_, {"bucket", "large"}, std::string(2500, 'y'));
  };
  storage_ = storage::intercept(std::move(storage_), std::make_shared<LostAnswer>(overwrite));
  try {
    send({{write("file", 2500), 0, 2500, {"bucket", "large"}}});
    FAIL() << "another object was taken for ours";
  } catch (const NotFound& error) {
    EXPECT_EQ(error.code(), storage::kNoSuchUpload);
  }
}

TEST_F(TransferFaultsTest, ACompletionThatNeverAnswersIsUnavailable) {
  fs::path file = write("file", 2500);
  fault_ = failing("multipart.complete", 1000);
  EXPECT_THROW(send({{file, 0, 2500, {"bucket", "large"}}}), Unavailable);
  EXPECT_EQ(calls("multipart.complete"), 4);
  EXPECT_EQ(unfinished(), 0u);
}

TEST_F(TransferFaultsTest, WhatMustBeNewReplacesNothing) {
  for (std::uint64_t size : {10u, 2500u}) {
    UploadItem item{write("file" + std::to_string(size), size), 0, size, {"bucket", "object"}};
    item.is_new = true;
    item.attributes.metadata["made-by"] = std::to_string(size);
    storage::put_bytes(*storage_, context_, item.ref, "theirs");
    EXPECT_THROW(send({item}), PreconditionFailed);
    EXPECT_EQ(storage::get_bytes(*storage_, context_, item.ref, 100), "theirs");
    storage::remove_one(*storage_, context_, item.ref);
    send({item});
    EXPECT_EQ(storage_->head(context_, item.ref, {}).attributes, item.attributes);
    storage::remove_one(*storage_, context_, item.ref);
  }
  EXPECT_EQ(unfinished(), 0u);
}

TEST_F(TransferFaultsTest, AConditionalPutWhoseAnswerWasLostIsFound) {
  UploadItem item{write("file", 10), 0, 10, {"bucket", "object"}};
  item.is_new = true;
  item.attributes.metadata["made-by"] = "us";
  storage_ = storage::intercept(std::move(storage_), std::make_shared<LostAnswer>([] {}, "put"));
  const std::string revision = send({item})[0].revision;
  EXPECT_EQ(revision, storage_->head(context_, item.ref, {}).revision);
  EXPECT_EQ(calls("put"), 1);
}

TEST_F(TransferFaultsTest, AConditionalPutThatDidNotHappenIsUnavailable) {
  UploadItem item{write("file", 10), 0, 10, {"bucket", "object"}};
  item.is_new = true;
  item.attributes.metadata["made-by"] = "us";
  fault_ = failing("put", 1000);
  EXPECT_THROW(send({item}), Unavailable);
  EXPECT_FALSE(storage::find(*storage_, context_, item.ref));
}

}  // namespace
}  // namespace holdfast::transfer
