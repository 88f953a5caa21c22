#include "base/stream.h"

#include <array>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace holdfast {
namespace {

// Ends each read after one byte, as a slow peer would.
class TricklingSource : public Source {
 public:
  explicit TricklingSource(std::string_view bytes) : bytes_(bytes) {}
  std::size_t read(std::span<char> into) override {
    return bytes_.read(into.first(std::min<std::size_t>(into.size(), 1)));
  }

 private:
  MemorySource bytes_;
};

TEST(MemorySource, ReadsInPiecesAndRewinds) {
  MemorySource source("hello");
  std::array<char, 3> buffer{};
  EXPECT_EQ(source.size(), 5u);
  EXPECT_EQ(source.read(buffer), 3u);
  EXPECT_EQ(source.size(), 2u);
  EXPECT_EQ(source.read(buffer), 2u);
  EXPECT_EQ(std::string(buffer.data(), 2), "lo");
  EXPECT_EQ(source.read(buffer), 0u);
  EXPECT_EQ(source.file_region().has_value(), false);
  EXPECT_TRUE(source.rewind());
  EXPECT_EQ(read_all(source, 5), "hello");
}

TEST(ReadAll, BoundsWhatItTakes) {
  MemorySource fits("12345");
  EXPECT_EQ(read_all(fits, 5), "12345");
  MemorySource known("123456");
  EXPECT_THROW(read_all(known, 5), InvalidArgument);
  TricklingSource unknown("123456");
  EXPECT_THROW(read_all(unknown, 5), InvalidArgument);
  MemorySource empty("");
  EXPECT_EQ(read_all(empty, 0), "");
}

TEST(ReadFull, FillsOverShortReadsUntilTheEnd) {
  TricklingSource source("12345");
  std::array<char, 4> buffer{};
  EXPECT_EQ(read_full(source, buffer), 4u);
  EXPECT_EQ(std::string(buffer.data(), 4), "1234");
  EXPECT_EQ(read_full(source, buffer), 1u);
  EXPECT_EQ(read_full(source, buffer), 0u);
}

TEST(Source, KnowsNothingByItself) {
  TricklingSource source("x");
  EXPECT_EQ(source.size(), std::nullopt);
  EXPECT_FALSE(source.rewind());
  EXPECT_FALSE(source.file_region().has_value());
}

class FileSourceTest : public ::testing::Test {
 protected:
  FileSourceTest() {
    write_file_durably(folder_.path() / "f", "0123456789");
    file_ = open_for_reading(folder_.path() / "f");
  }
  TemporaryFolder folder_;
  Descriptor file_;
};

TEST_F(FileSourceTest, ReadsItsRegionAlone) {
  FileSource source({file_.get(), 2, 5}, "f");
  EXPECT_EQ(source.size(), 5u);
  std::array<char, 3> buffer{};
  EXPECT_EQ(source.read(buffer), 3u);
  FileRegion rest = source.file_region().value();
  EXPECT_EQ(rest.descriptor, file_.get());
  EXPECT_EQ(rest.offset, 5u);
  EXPECT_EQ(rest.length, 2u);
  EXPECT_EQ(read_all(source, 100), "56");
  EXPECT_TRUE(source.rewind());
  EXPECT_EQ(read_all(source, 100), "23456");
}

TEST_F(FileSourceTest, TwoShareADescriptor) {
  FileSource first({file_.get(), 0, 4}, "f"), second({file_.get(), 4, 4}, "f");
  std::array<char, 2> a{}, b{};
  first.read(a);
  second.read(b);
  EXPECT_EQ(std::string(a.data(), 2) + std::string(b.data(), 2), "0145");
}

TEST_F(FileSourceTest, AFileThatBecameShorterIsCorrupt) {
  FileSource source({file_.get(), 5, 10}, "part.bin");
  try {
    read_all(source, 100);
    FAIL();
  } catch (const Corrupt& error) {
    EXPECT_EQ(error.subject(), "read part.bin");
  }
}

TEST_F(FileSourceTest, ADescriptorThatCannotBeReadIsAnError) {
  Descriptor folder = open_folder(folder_.path());
  FileSource source({folder.get(), 0, 4}, "folder");
  EXPECT_THROW(read_all(source, 100), Error);
}

}  // namespace
}  // namespace holdfast
