#include "job/scrub.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "storage/folder/folder_storage.h"
#include "storage/wrap/wrap.h"
#include "support/test_folder.h"

namespace holdfast::job {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

// On a real folder, so that rot is what it is in life: a file whose bytes changed by themselves.
class ScrubTest : public testing::Test {
 protected:
  ScrubTest() {
    storage::FolderOptions options;
    options.root = folder_.path();
    storage_ = storage::open_folder_storage(context_, options);
    for (const char* name : {"alpha", "beta", "catalog"}) {
      storage_->buckets()->create(context_, name);
    }
    options_.buckets = {"beta", "alpha"};
    options_.catalog.bucket = "catalog";
    put("alpha", "one", "bytes of one");
    put("alpha", "two", "bytes of two");
    put("beta", "three", std::string(100'000, 'x'));
  }

  void put(const std::string& bucket, const std::string& key, std::string_view bytes) {
    storage::put_bytes(*storage_, context_, {bucket, key}, bytes);
  }
  // A bit that turned by itself: the file's time and size stay as they were.
  void flip(const std::string& path, off_t at) {
    Descriptor file(::open((folder_.path() / path).c_str(), O_RDWR));
    struct stat before{};
    ASSERT_EQ(::fstat(file.get(), &before), 0);
    char byte = 0;
    ASSERT_EQ(::pread(file.get(), &byte, 1, at), 1);
    byte = char(byte ^ 1);
    ASSERT_EQ(::pwrite(file.get(), &byte, 1, at), 1);
    const timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::futimens(file.get(), times), 0);
  }
  void put_in_parts(const std::string& key) {
    auto& store = *storage_->multipart();
    auto id = store.create(context_, {"beta", key}, {}, std::nullopt);
    std::vector<storage::CompletedPart> done;
    for (const std::string& bytes : {std::string(5 << 20, 'a'), std::string("b")}) {
      MemorySource source(bytes);
      unsigned number = unsigned(done.size()) + 1;
      auto part = store.put_part(context_, {"beta", key}, id, number, source, {});
      done.push_back({number, part.etag, std::nullopt});
    }
    store.complete(context_, {"beta", key}, id, done, {});
  }
  catalog::ScrubPass run() { return scrub(context_, *storage_, options_, progress_); }
  catalog::ScrubRecord record() {
    return catalog::read_scrub_record(context_, *storage_, options_.catalog);
  }

  Context context_ = Context::background();
  TemporaryFolder folder_{storage::place_for_folders()};
  std::unique_ptr<storage::Storage> storage_;
  ScrubOptions options_;
  SilentProgress progress_;
};

TEST_F(ScrubTest, EverythingIsReadAndTheRecordTellsWhen) {
  put_in_parts("parts");
  catalog::ScrubPass pass = run();
  EXPECT_EQ(pass.objects, 4u);
  EXPECT_EQ(pass.bytes, 12u + 12u + 100'000u + (5u << 20) + 1u);
  EXPECT_EQ(pass.objects_without_checksum, 0u);
  EXPECT_THAT(pass.problems, IsEmpty());
  ASSERT_TRUE(record().last);
  EXPECT_GE(record().last->ended, record().last->started);
  EXPECT_FALSE(record().current);
}

TEST_F(ScrubTest, AFlippedByteIsFoundInAnyPart) {
  put_in_parts("parts");
  flip("beta/parts", 5 << 20);
  flip("alpha/two", 3);
  catalog::ScrubPass pass = run();
  EXPECT_EQ(pass.problem_count, 2u);
  EXPECT_THAT(pass.problems, ElementsAre(StartsWith("alpha/two: its bytes have the ETag"),
                                         StartsWith("beta/parts: its bytes have the ETag")));
}

// The folder takes it for a file put there by hand.
TEST_F(ScrubTest, AFileThatSomebodyChangedHasNoChecksumAnyMore) {
  ASSERT_EQ(::truncate((folder_.path() / "beta/three").c_str(), 50'000), 0);
  catalog::ScrubPass pass = run();
  EXPECT_EQ(pass.problem_count, 0u);
  EXPECT_EQ(pass.objects_without_checksum, 1u);
}

TEST_F(ScrubTest, AnInterruptedOneGoesOnBehindWhatItRead) {
  bool broken = true;
  std::vector<std::string> read;
  std::mutex mutex;
  storage_ = storage::with_faults(std::move(storage_),
                                  [&](std::string_view verb, const storage::ObjectRef& ref) {
                                    if (verb != "get" || ref.bucket == "catalog") return;
                                    std::lock_guard lock(mutex);
                                    if (broken && ref.bucket == "beta")
                                      throw Unavailable("get", "on purpose");
                                    read.push_back(ref.key);
                                  });
  EXPECT_THROW(run(), Unavailable);
  ASSERT_TRUE(record().current);
  EXPECT_EQ(record().after, "two");
  broken = false;
  read.clear();
  catalog::ScrubPass pass = run();
  EXPECT_THAT(read, ElementsAre("three"));
  EXPECT_EQ(pass.objects, 3u);
}

TEST_F(ScrubTest, FilesWithoutAChecksumAreReadAndCounted) {
  write_file_durably(folder_.path() / "alpha/by-hand", "put there by hand");
  catalog::ScrubPass pass = run();
  EXPECT_EQ(pass.objects, 4u);
  EXPECT_EQ(pass.objects_without_checksum, 1u);
}

TEST_F(ScrubTest, ADamagedRecordBeginsAnew) {
  put("catalog", ".holdfast/scrub.json", "{");
  EXPECT_EQ(run().objects, 3u);
}

TEST_F(ScrubTest, ARecordOfANewerProgramIsLeftAlone) {
  put("catalog", ".holdfast/scrub.json", R"({"format": "holdfast-scrub", "min_reader": 2})");
  EXPECT_THROW(run(), Unsupported);
}

}  // namespace
}  // namespace holdfast::job
