#include "transfer/streamed_upload.h"

#include <gtest/gtest.h>

#include "storage/memory/memory_storage.h"
#include "storage/wrap/wrap.h"
#include "transfer/transfer_testing.h"

namespace holdfast::transfer {
namespace {

constexpr std::uint64_t kPiece = 5 << 20;

class StreamedUploadTest : public ::testing::Test {
 protected:
  StreamedUploadTest() {
    memory_->buckets()->create(context_, "bucket");
    early_.metadata["when"] = "early";
    late_.metadata["when"] = "late";
    options_.piece_size = kPiece;
  }
  std::unique_ptr<StreamedUpload> begin(std::uint64_t expected = 0) {
    return std::make_unique<StreamedUpload>(context_, *memory_, ref_, early_, options_, expected);
  }
  std::size_t unfinished() {
    return memory_->multipart()->uploads(context_, {.bucket = "bucket"}).uploads.size();
  }
  // In writes that fit no piece.
  static void write(StreamedUpload& upload, std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += 777'777) {
      upload.write(bytes.substr(at, 777'777));
    }
  }

  Context context_ = Context::background();
  std::unique_ptr<storage::Storage> memory_ = storage::make_memory_storage();
  storage::ObjectRef ref_{"bucket", "key"};
  storage::Attributes early_, late_;
  TransferOptions options_;
};

TEST_F(StreamedUploadTest, WhateverItsSizeItIsTheSameAsAFiles) {
  for (std::uint64_t size : {std::uint64_t(0), std::uint64_t(1), kPiece - 1, kPiece, kPiece + 1,
                             3 * kPiece, 6 * kPiece + 5}) {
    const std::string bytes = pattern(size);
    auto upload = begin();
    write(*upload, bytes);
    const ObjectDigest digest = upload->finish();
    EXPECT_EQ(digest, object_digest_of(bytes, kPiece)) << size;
    EXPECT_FALSE(storage::find(*memory_, context_, ref_)) << size;
    const UploadResult result = upload->publish(late_);
    EXPECT_EQ(result.digest, digest);
    const auto info = storage::find(*memory_, context_, ref_);
    ASSERT_TRUE(info) << size;
    EXPECT_EQ(info->etag, result.etag);
    EXPECT_EQ(info->attributes.metadata, size > kPiece ? early_.metadata : late_.metadata) << size;
    EXPECT_EQ(storage::get_bytes(*memory_, context_, ref_, 64 << 20), bytes) << size;
    upload.reset();
    EXPECT_TRUE(storage::find(*memory_, context_, ref_)) << size;
    storage::remove_one(*memory_, context_, ref_);
  }
}

TEST_F(StreamedUploadTest, WhatIsNotPublishedLeavesNothing) {
  for (bool is_finished : {false, true}) {
    auto upload = begin();
    write(*upload, pattern(3 * kPiece));
    if (is_finished) upload->finish();
    EXPECT_EQ(unfinished(), 1u);
    upload.reset();
    EXPECT_EQ(unfinished(), 0u);
    EXPECT_FALSE(storage::find(*memory_, context_, ref_));
  }
}

TEST_F(StreamedUploadTest, ItReplacesNothing) {
  storage::put_bytes(*memory_, context_, ref_, "there");
  for (std::uint64_t size : {std::uint64_t(5), 2 * kPiece}) {
    auto upload = begin();
    write(*upload, pattern(size));
    upload->finish();
    EXPECT_THROW(upload->publish(late_), PreconditionFailed);
    upload.reset();
    EXPECT_EQ(unfinished(), 0u);
    EXPECT_EQ(storage::get_bytes(*memory_, context_, ref_, 100), "there");
  }
}

TEST_F(StreamedUploadTest, PiecesGrowWithWhatIsExpected) {
  auto upload = begin(kPiece * kMaxPieces);
  write(*upload, pattern(5));
  EXPECT_EQ(upload->finish().piece_size, 4 * kPiece);
}

TEST_F(StreamedUploadTest, AStorageThatFailsEndsIt) {
  auto upload = begin();
  memory_->buckets()->remove(context_, "bucket");
  const std::string bytes = pattern(kPiece);
  EXPECT_THROW(
      {
        for (int i = 0; i < 20; ++i) upload->write(bytes);
        upload->finish();
      },
      NotFound);
}

}  // namespace
}  // namespace holdfast::transfer
