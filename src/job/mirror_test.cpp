#include "job/mirror.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "storage/memory/memory_storage.h"
#include "storage/wrap/intercept.h"

namespace holdfast::job {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto* kMarker = "v/backup_complete.ignore";
constexpr auto* kManifest = "v/holdfast_manifest.ignore";

// Tells a test of each change of the destination, after it.
class Watch : public storage::Interceptor {
 public:
  std::function<void(std::string_view verb, const std::string& key)> after;
  void around(std::string_view verb, storage::Effect, const storage::ObjectRef& ref,
              const std::function<void()>& call) override {
    call();
    if (after) after(verb, ref.key);
  }
};

class MirrorTest : public testing::Test {
 protected:
  MirrorTest() {
    auto storage = storage::make_memory_storage();
    inner_ = storage.get();
    copy_ = storage::intercept(std::move(storage), watch_);
    source_->buckets()->create(context_, "old");
    inner_->buckets()->create(context_, "new");
    put("v/a", "one");
    put("v/b", "two");
    put(kManifest, "manifest 1");
    put(kMarker, "marker 1");
    put("w/other", "another backup");
  }
  void put(const std::string& key, std::string_view bytes) {
    storage::put_bytes(*source_, context_, {"old", key}, bytes);
  }
  void remove(const std::string& key) { storage::remove_one(*source_, context_, {"old", key}); }
  MirrorReport run() {
    return mirror(context_, {source_.get(), "old"}, {copy_.get(), "new"}, {.prefix = "v/"}, fence_,
                  progress_);
  }
  std::map<std::string, std::string> files(storage::Storage& storage, const std::string& bucket,
                                           const std::string& prefix) {
    std::map<std::string, std::string> out;
    storage::list_all(storage, context_, bucket, prefix, [&](const storage::ObjectInfo& object) {
      out[object.key] = storage::get_bytes(storage, context_, {bucket, object.key}, 1 << 20);
    });
    return out;
  }
  void expect_equal() { EXPECT_EQ(files(*inner_, "new", ""), files(*source_, "old", "v/")); }
  bool is_complete() { return bool(storage::find(*inner_, context_, {"new", kMarker})); }

  Context context_ = Context::background();
  std::unique_ptr<storage::Storage> source_ = storage::make_memory_storage();
  std::shared_ptr<Watch> watch_ = std::make_shared<Watch>();
  std::unique_ptr<storage::Storage> copy_;
  storage::Storage* inner_ = nullptr;
  OpenFence fence_;
  SilentProgress progress_;
};

TEST_F(MirrorTest, CompletionComesLastAndIsWhole) {
  std::vector<std::string> order;
  watch_->after = [&](std::string_view verb, const std::string& key) {
    if (verb == "put") order.push_back(key);
  };
  MirrorReport report = run();
  ASSERT_EQ(order.size(), 4u);
  EXPECT_EQ(order[2], kManifest);
  EXPECT_EQ(order[3], kMarker);
  EXPECT_EQ(report.objects_copied, 4u);
  EXPECT_TRUE(report.has_completion);
  expect_equal();
}

TEST_F(MirrorTest, WhatIsThereIsNotSentAgain) {
  run();
  MirrorReport report = run();
  EXPECT_EQ(report.objects_copied, 0u);
  EXPECT_EQ(report.objects_kept, 4u);
}

// A look lists each side once: what a copy costs beside the bytes.
TEST_F(MirrorTest, AnUnchangedCopyLooksOnceAndANewOneFourTimes) {
  int lists = 0;
  watch_->after = [&](std::string_view verb, const std::string&) { lists += verb == "list"; };
  run();
  EXPECT_EQ(lists, 4);
  lists = 0;
  run();
  EXPECT_EQ(lists, 1);
}

TEST_F(MirrorTest, AChangedBackupIsNeverSeenCompleteBeforeItIsWhole) {
  run();
  put("v/c", "three");
  remove("v/a");
  put(kManifest, "manifest 2");
  put(kMarker, "marker 2");
  bool ready = false;
  watch_->after = [&](std::string_view verb, const std::string& key) {
    if (verb != "put" && verb != "remove") return;
    ready = ready || (verb == "put" && key == kMarker);
    EXPECT_EQ(is_complete(), ready) << verb << " " << key;
  };
  MirrorReport report = run();
  EXPECT_EQ(report.objects_removed, 1u);
  expect_equal();
}

TEST_F(MirrorTest, ABackupThatRunsMeanwhileIsFollowed) {
  int changes = 0;
  watch_->after = [&](std::string_view verb, const std::string& key) {
    if (verb != "put" || key != kManifest || ++changes > 2) return;
    put("v/new" + std::to_string(changes), "more");
    put(kManifest, "while running " + std::to_string(changes));
    put(kMarker, "marker of run " + std::to_string(changes));
  };
  run();
  EXPECT_GT(changes, 2);
  expect_equal();
}

TEST_F(MirrorTest, ASourceThatNeverRestsIsRefusedAndNothingIsComplete) {
  int changes = 0;
  watch_->after = [&](std::string_view verb, const std::string& key) {
    if (verb == "put" && key == kManifest) put(kManifest, std::to_string(++changes));
  };
  EXPECT_THROW(run(), Refused);
  EXPECT_FALSE(is_complete());
}

TEST_F(MirrorTest, AnyCutIsGoneOnFrom) {
  std::size_t steps = 0;
  for (std::size_t cut = 1; cut < 40; ++cut) {
    storage::list_all(*inner_, context_, "new", "", [&](const storage::ObjectInfo& object) {
      storage::remove_one(*inner_, context_, {"new", object.key});
    });
    steps = 0;
    watch_->after = [&](std::string_view, const std::string&) {
      if (++steps == cut) throw Failed("cut", "on purpose");
    };
    bool finished = true;
    try {
      run();
    } catch (const Failed&) {
      finished = false;
    }
    watch_->after = nullptr;
    if (is_complete()) expect_equal();
    run();
    expect_equal();
    if (finished) return;
  }
  FAIL() << "a run never went through";
}

TEST_F(MirrorTest, WhatIsSkippedIsNeitherCopiedNorRemoved) {
  put(".holdfast/leases/x.json", "the source's");
  storage::put_bytes(*inner_, context_, {"new", ".holdfast/leases/y.json"}, "the destination's");
  mirror(context_, {source_.get(), "old"}, {copy_.get(), "new"}, {.skip = ".holdfast/"}, fence_,
         progress_);
  EXPECT_EQ(files(*inner_, "new", ".holdfast/").size(), 1u);
  EXPECT_EQ(files(*inner_, "new", "").size(), 6u);
}

TEST_F(MirrorTest, WhatOnlyTheDestinationHasIsKeptOrRefusedAsAsked) {
  storage::put_bytes(*inner_, context_, {"new", "v/z"}, "mine");
  auto with = [&](Extra extra) {
    return mirror(context_, {source_.get(), "old"}, {copy_.get(), "new"},
                  {.prefix = "v/", .extra = extra}, fence_, progress_);
  };
  EXPECT_THROW(with(Extra::kRefuse), Refused);
  EXPECT_EQ(files(*inner_, "new", "").size(), 1u);
  EXPECT_EQ(with(Extra::kKeep).objects_removed, 0u);
  EXPECT_EQ(files(*inner_, "new", "").size(), 5u);
  EXPECT_EQ(with(Extra::kRemove).objects_removed, 1u);
  expect_equal();
}

TEST_F(MirrorTest, NothingThereIsSaid) {
  EXPECT_THROW(mirror(context_, {source_.get(), "old"}, {copy_.get(), "new"}, {.prefix = "no/"},
                      fence_, progress_),
               NotFound);
}

TEST_F(MirrorTest, AnUnfinishedBackupIsNotCalledComplete) {
  remove(kMarker);
  EXPECT_FALSE(run().has_completion);
}

TEST(CommitRankTest, KnowsEveryStore) {
  EXPECT_EQ(commit_rank("victoria-metrics-0-1/data/small/p/values.bin/1/2/3"), CommitRank::kData);
  EXPECT_EQ(commit_rank(kManifest), CommitRank::kManifest);
  EXPECT_EQ(commit_rank(kMarker), CommitRank::kCompletion);
  EXPECT_EQ(commit_rank("full_1/metadata.json"), CommitRank::kCompletion);
  EXPECT_EQ(commit_rank("full_1/metadata/otel/metadata.json"), CommitRank::kData);
  EXPECT_EQ(commit_rank("full_1/holdfast_manifest.zst"), CommitRank::kManifest);
  EXPECT_EQ(commit_rank("index-12"), CommitRank::kCompletion);
  EXPECT_EQ(commit_rank("indices/x/0/index-abc"), CommitRank::kManifest);
  EXPECT_EQ(commit_rank("sts-backup-20261122-0300.graph"), CommitRank::kData);
}

}  // namespace
}  // namespace holdfast::job
