#include "transfer/transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/memory/memory_storage.h"
#include "transfer/transfer_testing.h"

namespace holdfast::transfer {
namespace {

using storage::ObjectRef;
using testing::HasSubstr;

constexpr std::uint64_t kPiece = 1000;

class TransferTest : public testing::Test {
 protected:
  TransferTest() { storage_->buckets()->create(context_, "bucket"); }

  fs::path path(const std::string& name) const { return folder_.path() / name; }
  ObjectRef ref(const std::string& key) const { return {"bucket", key}; }
  fs::path write(const std::string& name, std::string_view bytes) {
    write_file_durably(path(name), bytes);
    return path(name);
  }
  void put(const std::string& key, std::string_view bytes) {
    storage::put_bytes(*storage_, context_, ref(key), bytes);
  }
  std::string stored(const std::string& key) {
    return storage::get_bytes(*storage_, context_, ref(key), 1 << 30);
  }
  std::vector<UploadResult> send(const std::vector<UploadItem>& items) {
    return upload(context_, *storage_, items, options_, progress_);
  }
  std::vector<ObjectDigest> fetch(const std::vector<DownloadItem>& items) {
    return download(context_, *storage_, items, options_, progress_);
  }
  std::vector<VerifyResult> check(const std::vector<VerifyItem>& items) {
    return verify(context_, *storage_, items, options_, progress_);
  }
  std::string read_back(const std::string& name) { return read_file(path(name), 1 << 30); }

  Context context_ = Context::background();
  TemporaryFolder folder_;
  std::shared_ptr<storage::Storage> storage_ = storage::make_memory_storage();
  TransferOptions options_{.threads = 4, .piece_size = kPiece};
  CountingProgress progress_;
};

TEST_F(TransferTest, FilesOfAllSizesBecomeObjectsAndFilesAgain) {
  std::vector<UploadItem> items;
  std::vector<std::size_t> sizes = {0, 1, 999, 1000, 1001, 2000, 12'345, 700'001};
  std::uint64_t total = 0;
  for (std::size_t size : sizes) {
    std::string name = "file" + std::to_string(size);
    items.push_back({write(name, pattern(size)), 0, size, ref(name)});
    total += size;
  }
  auto results = send(items);
  EXPECT_EQ(progress_.bytes, total);
  EXPECT_EQ(progress_.objects, sizes.size());

  std::vector<DownloadItem> back;
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::string bytes = pattern(sizes[i]);
    EXPECT_TRUE(stored(items[i].ref.key) == bytes) << sizes[i];
    EXPECT_EQ(results[i].digest, object_digest_of(bytes, kPiece)) << sizes[i];
    auto head = storage_->head(context_, items[i].ref, {});
    EXPECT_EQ(results[i].etag, head.etag);
    EXPECT_EQ(results[i].revision, head.revision);
    back.push_back({items[i].ref, sizes[i], path("back/deep/" + items[i].ref.key), 0,
                    results[i].digest, results[i].revision});
  }
  auto digests = fetch(back);
  EXPECT_EQ(progress_.bytes, 2 * total);
  EXPECT_EQ(progress_.objects, 2 * sizes.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_TRUE(read_back("back/deep/" + items[i].ref.key) == pattern(sizes[i])) << sizes[i];
    EXPECT_EQ(digests[i], results[i].digest);
  }
}

TEST_F(TransferTest, AStretchOfAFileBecomesAnObject) {
  std::string bytes = pattern(5000);
  fs::path file = write("file", bytes);
  send({{file, 100, 10, ref("small")}, {file, 1, 4000, ref("large")}});
  EXPECT_EQ(stored("small"), bytes.substr(100, 10));
  EXPECT_TRUE(stored("large") == bytes.substr(1, 4000));
}

TEST_F(TransferTest, SeveralObjectsBecomeOneFile) {
  std::string bytes = pattern(5000);
  put("one", bytes.substr(0, 700));
  put("two", bytes.substr(700, 3000));
  put("three", bytes.substr(3700));
  options_.sync = true;
  fetch({{ref("three"), 1300, path("whole"), 3700},
         {ref("two"), 3000, path("whole"), 700},
         {ref("one"), 700, path("whole"), 0}});
  EXPECT_TRUE(read_back("whole") == bytes);
}

TEST_F(TransferTest, ADigestOfOtherPiecesIsComparedByItsOwnPieces) {
  std::string bytes = pattern(10'000);
  put("object", bytes);
  for (std::uint64_t piece : {300u, 5000u, 10'000u, 1u << 30}) {
    ObjectDigest digest = object_digest_of(bytes, piece);
    auto results = check({{ref("object"), bytes.size(), digest}});
    EXPECT_FALSE(results[0].error) << piece;
    EXPECT_EQ(results[0].digest, digest) << piece;
  }
}

TEST_F(TransferTest, AFileThatBecameShorterIsCorrupt) {
  fs::path file = write("file", pattern(1500));
  EXPECT_THROW(send({{file, 0, 1501, ref("parts")}}), Corrupt);
  EXPECT_THROW(send({{file, 1000, 501, ref("whole")}}), Corrupt);
  EXPECT_FALSE(storage::find(*storage_, context_, ref("parts")));
  EXPECT_FALSE(storage::find(*storage_, context_, ref("whole")));
}

TEST_F(TransferTest, AFileThatIsNotThereFails) {
  EXPECT_THROW(send({{path("missing"), 0, 1, ref("a")}}), NotFound);
  EXPECT_THROW(send({{path("missing"), 0, 1001, ref("a")}}), NotFound);
}

TEST_F(TransferTest, TooManyPiecesAreRefusedBeforeAnythingIsSent) {
  options_.piece_size = 1;
  fs::path file = write("file", pattern(10'001));
  EXPECT_THROW(send({{file, 0, 10'001, ref("a")}}), InvalidArgument);
  EXPECT_TRUE(storage_->multipart()->uploads(context_, {.bucket = "bucket"}).uploads.empty());
}

TEST_F(TransferTest, DownloadTouchesNoExistingFile) {
  put("object", "new");
  write("file", "old");
  EXPECT_THROW(fetch({{ref("object"), 3, path("file")}}), PreconditionFailed);
  EXPECT_EQ(read_back("file"), "old");
}

TEST_F(TransferTest, ADamagedObjectIsCorruptAndNamed) {
  std::string bytes = pattern(3500);
  ObjectDigest digest = object_digest_of(bytes, kPiece);
  bytes[2800] ^= 1;
  put("dir/object", bytes);
  try {
    fetch({{ref("dir/object"), 3500, path("file"), 0, digest}});
    FAIL() << "a damaged object was accepted";
  } catch (const Corrupt& error) {
    EXPECT_EQ(error.subject(), "download bucket/dir/object");
    EXPECT_THAT(error.reason(), HasSubstr("recorded was " + digest.text()));
  }
}

TEST_F(TransferTest, AnObjectOfAnotherSizeIsCorrupt) {
  put("object", pattern(1500));
  for (std::uint64_t size : {0u, 1u, 1499u, 1501u, 2500u, 9000u}) {
    fs::path file = path("file" + std::to_string(size));
    EXPECT_THROW(fetch({{ref("object"), size, file}}), Corrupt) << size;
  }
}

TEST_F(TransferTest, AMissingObjectIsNotFound) {
  EXPECT_THROW(fetch({{ref("missing"), 5, path("file")}}), NotFound);
}

TEST_F(TransferTest, AnObjectThatWasReplacedIsNotMixed) {
  put("object", pattern(3000, 1));
  std::string old = storage_->head(context_, ref("object"), {}).revision;
  put("object", pattern(3000, 2));
  EXPECT_THROW(fetch({{ref("object"), 3000, path("file"), 0, std::nullopt, old}}),
               PreconditionFailed);
}

TEST_F(TransferTest, ADigestOfAnotherSizeIsTheCallersMistake) {
  put("object", "abc");
  EXPECT_THROW(fetch({{ref("object"), 3, path("file"), 0, object_digest_of("abcd")}}),
               InvalidArgument);
}

TEST_F(TransferTest, VerifyNotesEveryDamagedObjectAndGoesOn) {
  std::string good = pattern(2500), bad = good;
  bad[0] ^= 1;
  bad[2400] ^= 1;
  put("good", good);
  put("bad", bad);
  put("short", good.substr(0, 500));
  ObjectDigest digest = object_digest_of(good, kPiece);
  auto results = check({{ref("good"), 2500, digest},
                        {ref("bad"), 2500, digest},
                        {ref("missing"), 2500, digest},
                        {ref("short"), 2500, digest},
                        {ref("short"), 500, std::nullopt},
                        {ref("good"), 2500, std::nullopt}});
  EXPECT_FALSE(results[0].error);
  EXPECT_EQ(results[0].digest, digest);
  EXPECT_EQ(results[1].error->kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(results[1].error->subject(), "verify bucket/bad");
  EXPECT_EQ(results[1].digest, std::nullopt);
  EXPECT_EQ(results[2].error->kind(), ErrorKind::kNotFound);
  EXPECT_EQ(results[3].error->kind(), ErrorKind::kCorrupt);
  EXPECT_FALSE(results[4].error);
  EXPECT_EQ(results[5].digest, digest);
  EXPECT_EQ(progress_.objects, 3u);
}

TEST_F(TransferTest, VerifyThrowsWhatSaysNothingOfTheObjects) {
  EXPECT_THROW(check({{{"no-such-bucket", "a"}, 1, std::nullopt}}), NotFound);
  Context cancelled = context_.cancellable();
  cancelled.cancel();
  put("object", "x");
  EXPECT_THROW(
      verify(cancelled, *storage_, {{ref("object"), 1, std::nullopt}}, options_, progress_),
      Cancelled);
}

TEST_F(TransferTest, NothingToDoIsDoneAtOnce) {
  EXPECT_TRUE(send({}).empty());
  EXPECT_TRUE(fetch({}).empty());
  EXPECT_TRUE(check({}).empty());
}

TEST_F(TransferTest, TheRateHoldsOverAllThreads) {
  FakeClock clock(WallTime{});
  Context context = Context::with_clock(clock);
  options_ = {.threads = 8, .piece_size = 100'000, .max_bytes_per_second = 1'000'000};
  SteadyTime start = clock.steady();
  fs::path file = write("file", pattern(1'500'000));
  upload(context, *storage_, {{file, 0, 1'500'000, ref("object")}}, options_, progress_);
  EXPECT_GE(clock.steady() - start, std::chrono::milliseconds(1390));
  start = clock.steady();
  download(context, *storage_, {{ref("object"), 1'500'000, path("back")}}, options_, progress_);
  EXPECT_GE(clock.steady() - start, std::chrono::milliseconds(1300));
  EXPECT_TRUE(read_back("back") == pattern(1'500'000));
}

}  // namespace
}  // namespace holdfast::transfer
