#include "storage/folder/upload.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/random.h"
#include "storage/folder/folder_storage.h"
#include "support/test_folder.h"

namespace holdfast::storage {
namespace {

StoredPart sample_part(unsigned number) {
  StoredPart part;
  part.info = {number, 100 + number, std::string(32, 'a'), WallTime(std::chrono::seconds(5)), {}};
  part.in_data = number % 2 == 0;
  part.place = number * 1000;
  part.stride = 1000;
  return part;
}

TEST(UploadRecordTest, StartsComeBack) {
  UploadStart start{"a/key", 1234567890123456789, {}, Checksum{}};
  start.attributes.headers = {{"content-type", "text/x"}};
  start.attributes.metadata = {{"k", std::string(1500, 'v')}};
  start.checksum_kind = Checksum{codec::DigestAlgorithm::kSha256, "", true};
  std::string bytes = encode_upload_start(start);
  auto read = decode_upload_start(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->key, start.key);
  EXPECT_EQ(read->started, start.started);
  EXPECT_EQ(read->attributes, start.attributes);
  EXPECT_EQ(read->checksum_kind, start.checksum_kind);
  bytes[bytes.size() / 2] ^= 1;
  EXPECT_FALSE(decode_upload_start(bytes));
  EXPECT_FALSE(decode_upload_start(""));
}

TEST(UploadRecordTest, ASealedUploadKeepsItsHead) {
  UploadStart start{.key = "k"};
  const std::string plain = encode_upload_start(start);
  start.seal = std::string(kSegmentHeader, 'h');
  const std::string sealed = encode_upload_start(start);
  EXPECT_EQ(decode_upload_start(sealed)->seal, start.seal);
  EXPECT_EQ(decode_upload_start(sealed)->key, "k");
  EXPECT_EQ(decode_upload_start(plain)->seal, "");
  EXPECT_EQ(plain[0], 1);   // what was always written
  EXPECT_EQ(sealed[0], 2);  // which older programs refuse
}

TEST(UploadRecordTest, TheLastRecordOfANumberCounts) {
  StoredPart again = sample_part(1);
  again.info.size = 7;
  again.info.checksum = Checksum{codec::DigestAlgorithm::kCrc32, "abcd"};
  std::string journal =
      encode_part(sample_part(1)) + encode_part(sample_part(2)) + encode_part(again);
  PartJournal read = decode_parts(journal);
  EXPECT_EQ(read.size, journal.size());
  ASSERT_EQ(read.parts.size(), 2u);
  EXPECT_EQ(read.parts[1].info.size, 7u);
  EXPECT_EQ(read.parts[1].info.checksum, again.info.checksum);
  EXPECT_EQ(read.parts[2].place, 2000u);
  EXPECT_TRUE(read.parts[2].in_data);
  EXPECT_EQ(read.parts[2].info.modified, WallTime(std::chrono::seconds(5)));
}

TEST(UploadRecordTest, ATornEndIsLeftOut) {
  std::string whole = encode_part(sample_part(1)), next = encode_part(sample_part(2));
  for (std::size_t cut = 0; cut < next.size(); ++cut) {
    PartJournal read = decode_parts(whole + next.substr(0, cut));
    EXPECT_EQ(read.parts.size(), 1u) << cut;
    EXPECT_EQ(read.size, whole.size()) << cut;
  }
  std::string holes = whole + std::string(500, '\0');
  EXPECT_EQ(decode_parts(holes).parts.size(), 1u) << "blocks that never reached the disk";
}

class UploadTest : public testing::Test {
 protected:
  UploadTest() { open(); }
  void open() {
    storage_.reset();
    FolderOptions options{.root = root_, .min_part_size = 1, .reserved_bytes = 0};
    storage_ = open_folder_storage(context_, options);
    if (!fs::exists(root_ / "bucket")) storage_->buckets()->create(context_, "bucket");
  }
  MultipartStore& multipart() { return *storage_->multipart(); }
  CompletedPart put_part(unsigned number, std::string_view bytes) {
    MemorySource body(bytes);
    PartInfo info = multipart().put_part(context_, ref_, id_, number, body, {});
    return {number, info.etag, std::nullopt};
  }
  void complete(const std::vector<CompletedPart>& parts) {
    multipart().complete(context_, ref_, id_, parts, {});
  }
  std::string get() { return get_bytes(*storage_, context_, ref_, 1 << 30); }
  void start() { id_ = multipart().create(context_, ref_, {}, std::nullopt); }
  fs::path folder() const { return root_ / ".hf~sys/uploads/bucket" / id_; }
  static ino_t inode_of(const fs::path& path) {
    struct stat info{};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_ino;
  }

  TemporaryFolder place_{place_for_folders()};
  fs::path root_ = place_.path() / "root";
  Context context_ = Context::background();
  std::unique_ptr<Storage> storage_;
  const ObjectRef ref_{"bucket", "object"};
  std::string id_;
};

TEST_F(UploadTest, UniformPartsAreNotCopied) {
  start();
  ino_t data = inode_of(folder() / "data");
  const std::string a(5000, 'a'), b(5000, 'b'), c(17, 'c');
  CompletedPart two = put_part(2, b), one = put_part(1, a), three = put_part(3, c);
  complete({one, two, three});
  EXPECT_EQ(inode_of(root_ / "bucket/object"), data);
  EXPECT_TRUE(get() == a + b + c);
  EXPECT_FALSE(fs::exists(folder()));
}

TEST_F(UploadTest, AnUploadGoesOnAfterARestart) {
  start();
  const std::string a(5000, 'a'), b(5000, 'b'), c(5000, 'c');
  CompletedPart one = put_part(1, a), two = put_part(2, b);
  open();
  EXPECT_EQ(multipart().parts(context_, ref_, id_, 0, 10).parts.size(), 2u);
  CompletedPart three = put_part(3, c), again = put_part(2, c);
  EXPECT_THROW(complete({one, two, three}), InvalidArgument);
  complete({one, again, three});
  EXPECT_TRUE(get() == a + c + c);
}

TEST_F(UploadTest, RecordsGoOnBehindATornOne) {
  start();
  CompletedPart one = put_part(1, "first");
  storage_.reset();
  std::ofstream(folder() / "parts", std::ios::app) << encode_part(sample_part(2)).substr(0, 20);
  open();
  CompletedPart two = put_part(2, "2nd..");
  open();
  EXPECT_EQ(multipart().parts(context_, ref_, id_, 0, 10).parts.size(), 2u);
  complete({one, two});
  EXPECT_EQ(get(), "first2nd..");
}

TEST_F(UploadTest, ALeftOutPartKeepsTheOthersSafe) {
  start();
  const std::string a(3000, 'a'), b(3000, 'b'), c(3000, 'c');
  CompletedPart one = put_part(1, a), two = put_part(2, b), three = put_part(3, c);
  Condition impossible{.must_exist = true};
  EXPECT_THROW(multipart().complete(context_, ref_, id_, {one, three}, impossible),
               PreconditionFailed);
  EXPECT_THROW(multipart().complete(context_, ref_, id_, {one, two}, impossible),
               PreconditionFailed);
  complete({one, two, three});
  EXPECT_TRUE(get() == a + b + c) << "what failed has harmed nothing";
}

TEST_F(UploadTest, APartSentAgainIsBroughtIn) {
  start();
  const std::string a(3000, 'a'), b(3000, 'b'), c(100, 'c'), d(50, 'd');
  put_part(1, a);
  CompletedPart two = put_part(2, b), three = put_part(3, c), one = put_part(1, b);
  three = put_part(3, d);
  complete({one, two, three});
  EXPECT_TRUE(get() == b + b + d);
}

TEST_F(UploadTest, ALargerPartThanAnnouncedHarmsNoNeighbour) {
  class Liar : public Source {
   public:
    std::size_t read(std::span<char> into) override {
      std::size_t count = std::min(into.size(), left_);
      std::fill_n(into.begin(), count, '!');
      left_ -= count;
      return count;
    }
    std::optional<std::uint64_t> size() const override { return 100; }

   private:
    std::size_t left_ = 250;
  } liar;
  start();
  CompletedPart two = put_part(2, std::string(100, 'b'));
  EXPECT_THROW(multipart().put_part(context_, ref_, id_, 1, liar, {}), InvalidArgument);
  CompletedPart one = put_part(1, std::string(100, 'a'));
  complete({one, two});
  EXPECT_EQ(get(), std::string(100, 'a') + std::string(100, 'b'));
}

TEST_F(UploadTest, AFinishedUploadThatWasNotClearedAwayGoesAtTheStart) {
  start();
  CompletedPart one = put_part(1, "content");
  fs::copy(folder(), place_.path() / "kept", fs::copy_options::recursive);
  complete({one});
  storage_.reset();
  fs::copy(place_.path() / "kept", folder(), fs::copy_options::recursive);
  fs::create_directories(root_ / ".hf~sys/uploads/bucket/000000000000000000000000");
  open();
  EXPECT_TRUE(multipart().uploads(context_, {.bucket = "bucket"}).uploads.empty());
  EXPECT_FALSE(fs::exists(folder()));
  EXPECT_EQ(get(), "content");
  complete({one});  // a client that never heard the answer
}

TEST_F(UploadTest, UploadsGoWithTheirBucket) {
  start();
  put_part(1, "content");
  storage_->buckets()->remove(context_, "bucket");
  storage_->buckets()->create(context_, "bucket");
  EXPECT_TRUE(multipart().uploads(context_, {.bucket = "bucket"}).uploads.empty());
  EXPECT_THROW(put_part(2, "x"), NotFound);
}

}  // namespace
}  // namespace holdfast::storage
