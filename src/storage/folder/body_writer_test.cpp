#include "storage/folder/body_writer.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "codec/text.h"
#include "storage/folder/folder_open.h"
#include "support/test_folder.h"

namespace holdfast::storage {
namespace {

// Gives its bytes in pieces of changing size, and does not say how many there are.
class ShyPieces : public Source {
 public:
  explicit ShyPieces(std::string_view bytes) : inner_(bytes) {}
  std::size_t read(std::span<char> into) override {
    step_ = step_ * 5 % 70001 + 1;
    return inner_.read(into.first(std::min(into.size(), step_)));
  }

 private:
  MemorySource inner_;
  std::size_t step_ = 1;
};

class BodyWriterTest : public testing::Test {
 protected:
  BodyWriterTest() {
    FolderOptions options{.root = place_.path() / "root", .reserved_bytes = 0};
    opened_ = open_folder_core(context_, options);
  }
  WrittenBody write(Source& body, const PutRequest& request = {}, std::uint64_t offset = 0,
                    std::optional<codec::DigestAlgorithm> kind = std::nullopt) {
    file_ = std::make_unique<TemporaryFile>(*opened_.core);
    return write_body(context_, *opened_.core, {"bucket", "key"}, body, request, file_->file(),
                      offset, kind);
  }
  std::string written(std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    EXPECT_EQ(::pread(file_->file(), bytes.data(), size, off_t(offset)), ssize_t(size));
    return bytes;
  }

  Context context_ = Context::background();
  TemporaryFolder place_{place_for_folders()};
  OpenedFolder opened_;
  std::unique_ptr<TemporaryFile> file_;
};

TEST_F(BodyWriterTest, BodiesOfAllSizesArriveWhole) {
  for (std::size_t size : {0, 1, 65534, 65535, 65536, 262143, 262144, 262145, 1 << 20, 20000001}) {
    std::string bytes = random_bytes(size);
    std::string md5 = codec::digest_of(codec::DigestAlgorithm::kMd5, bytes);
    MemorySource known(bytes);
    ShyPieces shy(bytes);
    for (Source* body : {static_cast<Source*>(&known), static_cast<Source*>(&shy)}) {
      WrittenBody body_written = write(*body, {}, 12345);
      EXPECT_EQ(body_written.size, size);
      EXPECT_EQ(codec::to_hex(body_written.md5), codec::to_hex(md5));
      EXPECT_TRUE(written(12345, size) == bytes) << size;
    }
  }
}

TEST_F(BodyWriterTest, AChecksumOfAKindIsComputedWhenNoneIsGiven) {
  const auto crc = codec::DigestAlgorithm::kCrc32c;
  for (std::size_t size : {10, 3 << 20}) {
    std::string bytes = random_bytes(size);
    Checksum right{crc, codec::digest_of(crc, bytes)};
    MemorySource body(bytes);
    EXPECT_EQ(write(body, {}, 0, crc).checksum, right);
    body.rewind();
    PutRequest given;
    given.attributes.checksum = Checksum{crc, "told"};
    EXPECT_EQ(write(body, given, 0, crc).checksum->value, "told") << "the gateway has checked it";
    body.rewind();
    PutRequest trailing;
    trailing.checksum_at_end = [&] { return std::optional(Checksum{crc, "tail"}); };
    EXPECT_EQ(write(body, trailing, 0, crc).checksum->value, "tail");
    body.rewind();
    trailing.checksum_at_end = [&] {
      return std::optional(Checksum{codec::DigestAlgorithm::kSha1, "another kind"});
    };
    EXPECT_EQ(write(body, trailing, 0, crc).checksum, right);
  }
}

TEST_F(BodyWriterTest, ManyLargeBodiesAtOnceArriveWhole) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> writers;
  for (std::size_t i = 0; i < 10; ++i) {
    writers.emplace_back([&, i] {
      const std::string bytes = random_bytes((5 << 20) + i);
      MemorySource body(bytes);
      TemporaryFile file(*opened_.core);
      const WrittenBody made =
          write_body(context_, *opened_.core, {"bucket", "key"}, body, {}, file.file(), 0);
      std::string read(bytes.size(), '\0');
      const ssize_t size = ::pread(file.file(), read.data(), read.size(), 0);
      const bool right = size == ssize_t(read.size()) && read == bytes &&
                         made.md5 == codec::digest_of(codec::DigestAlgorithm::kMd5, bytes);
      if (!right) ++wrong;
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(opened_.core->large_bodies, 0u);
}

TEST_F(BodyWriterTest, ABodyThatBreaksOffStopsTheThread) {
  class Broken : public Source {
   public:
    std::size_t read(std::span<char> into) override {
      if (++reads_ > 9) throw Unavailable("read", "broken off");
      std::fill(into.begin(), into.end(), 'x');
      return into.size();
    }

   private:
    int reads_ = 0;
  } broken;
  EXPECT_THROW(write(broken), Unavailable);
}

TEST_F(BodyWriterTest, ACancelledWriteStopsOnTheWay) {
  class Endless : public Source {
   public:
    explicit Endless(Context context) : context_(std::move(context)) {}
    std::size_t read(std::span<char> into) override {
      if (++reads_ == 20) context_.cancel();
      return into.size();
    }

   private:
    Context context_;
    int reads_ = 0;
  };
  context_ = context_.cancellable();
  Endless endless(context_);
  EXPECT_THROW(write(endless), Cancelled);
}

TEST_F(BodyWriterTest, AnAnnouncedSizeThatDoesNotFitIsRefusedBeforeReading) {
  class Huge : public Source {
   public:
    std::size_t read(std::span<char>) override {
      ADD_FAILURE() << "read all the same";
      return 0;
    }
    std::optional<std::uint64_t> size() const override { return 1ull << 60; }
  } huge;
  EXPECT_THROW(write(huge), NoSpace);
}

TEST_F(BodyWriterTest, AnMd5ThatSomebodyElseTakesIsLeftOut) {
  for (std::size_t size : {0, 65536, 262144, 5000001}) {
    const std::string bytes = random_bytes(size);
    MemorySource body(bytes);
    file_ = std::make_unique<TemporaryFile>(*opened_.core);
    const WrittenBody out = write_body(context_, *opened_.core, {"bucket", "key"}, body, {},
                                       file_->file(), 0, std::nullopt, Md5::kLeft);
    EXPECT_EQ(out.md5, "");
    EXPECT_EQ(out.size, size);
    EXPECT_EQ(written(0, size), bytes);
  }
}

}  // namespace
}  // namespace holdfast::storage
