#include "storage/folder/at.h"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "storage/folder/file_copy.h"
#include "storage/folder/label_store.h"
#include "support/test_folder.h"

namespace holdfast::storage {
namespace {

class AtTest : public testing::Test {
 protected:
  int folder() const { return folder_.get(); }
  void make(const std::string& name, std::string_view bytes) {
    write_file_durably(place_.path() / name, bytes);
  }

  TemporaryFolder place_{place_for_folders()};
  Descriptor folder_ = open_folder(place_.path());
};

using OpenFunction = Opened (*)(int, const std::string&, int, unsigned);

class OpenAtTest : public AtTest, public testing::WithParamInterface<OpenFunction> {
 protected:
  Opened open(const std::string& path, int flags = O_RDONLY) {
    return GetParam()(folder(), path, flags, 0);
  }
};

INSTANTIATE_TEST_SUITE_P(Ways, OpenAtTest, testing::Values(&open_at, &open_by_steps),
                         [](const auto& way) { return way.index == 0 ? "OneCall" : "BySteps"; });

TEST_P(OpenAtTest, OpensWhatIsThere) {
  make_folders(place_.path() / "a/b");
  make("a/b/c", "content");
  EXPECT_TRUE(open("a/b/c"));
  EXPECT_TRUE(open("a/b", O_RDONLY | O_DIRECTORY));
  EXPECT_EQ(open("a/x").error, ENOENT);
  EXPECT_EQ(open("x/y").error, ENOENT);
  EXPECT_EQ(open("a/b/c/d").error, ENOTDIR);
  EXPECT_EQ(open("a/b/c", O_RDONLY | O_DIRECTORY).error, ENOTDIR);
}

TEST_P(OpenAtTest, NeverGoesThroughSymbolicLinks) {
  make_folders(place_.path() / "real");
  make("real/file", "x");
  fs::create_directory_symlink("real", place_.path() / "link");
  fs::create_symlink("real/file", place_.path() / "last");
  fs::create_directory_symlink("/etc", place_.path() / "outside");
  EXPECT_NE(open("link/file").error, 0);
  EXPECT_EQ(open("last").error, ELOOP);
  EXPECT_NE(open("outside/passwd").error, 0);
}

TEST_F(AtTest, PathsLongerThanOneCallTakesAreWalked) {
  const std::string step(200, 's');
  std::string path;
  Descriptor at = open_folder(place_.path());
  for (int depth = 0; depth < 40; ++depth) {
    ASSERT_EQ(make_folder_at(at.get(), step), 0);
    at = std::move(open_folder_at(at.get(), step).file);
    path += step + "/";
  }
  ASSERT_TRUE(create_at(at.get(), "file"));
  ASSERT_GT(path.size(), 8000u);
  EXPECT_TRUE(open_at(folder(), path + "file", O_RDONLY));
  EXPECT_EQ(open_at(folder(), path + "other", O_RDONLY).error, ENOENT);
}

TEST_F(AtTest, ChangesAnswerByErrno) {
  EXPECT_EQ(make_folder_at(folder(), "a"), 0);
  EXPECT_EQ(make_folder_at(folder(), "a"), EEXIST);
  EXPECT_TRUE(create_at(folder(), "f"));
  EXPECT_EQ(create_at(folder(), "f").error, EEXIST);
  EXPECT_EQ(rename_at(folder(), "f", folder(), "a"), EISDIR);
  EXPECT_EQ(rename_at(folder(), "f", folder(), "g"), 0);
  EXPECT_EQ(rename_at(folder(), "f", folder(), "g"), ENOENT);
  EXPECT_EQ(exchange_at(folder(), "g", folder(), "a"), 0);
  EXPECT_EQ(remove_folder_at(folder(), "a"), ENOTDIR);
  EXPECT_EQ(remove_folder_at(folder(), "g"), 0);
  EXPECT_EQ(remove_at(folder(), "a"), 0);
  EXPECT_EQ(remove_at(folder(), "a"), ENOENT);
}

TEST_F(AtTest, AnOpenFileGetsAnotherNameWhileItHasOne) {
  Opened file = create_at(folder(), "one");
  EXPECT_EQ(link_open_file(file.file.get(), folder(), "two"), 0);
  EXPECT_EQ(link_open_file(file.file.get(), folder(), "two"), EEXIST);
  remove_at(folder(), "one");
  remove_at(folder(), "two");
  EXPECT_EQ(link_open_file(file.file.get(), folder(), "three"), ENOENT);
}

TEST_F(AtTest, TimesComeBackAlsoBefore1970) {
  Opened file = create_at(folder(), "f");
  for (std::int64_t time : {1234567890123456789ll, 0ll, -1ll, -1500000000ll}) {
    ASSERT_EQ(set_modified(file.file.get(), time), 0);
    struct stat info{};
    ASSERT_EQ(::fstat(file.file.get(), &info), 0);
    EXPECT_EQ(modified_of(info), time);
  }
}

TEST_F(AtTest, SmallFilesAreReadWhole) {
  make("f", std::string(10000, 'x'));
  EXPECT_EQ(read_small(folder(), "f", 10000).bytes.size(), 10000u);
  EXPECT_EQ(read_small(folder(), "f", 9999).error, EFBIG);
  EXPECT_EQ(read_small(folder(), "g", 10).error, ENOENT);
}

TEST_F(AtTest, FoldersAreReadWithTypes) {
  make("f", "x");
  make_folder(place_.path() / "d");
  fs::create_symlink("f", place_.path() / "l");
  std::map<std::string, int> found;
  EXPECT_EQ(read_folder(folder(),
                        [&](const char* name, unsigned char type) {
                          found[name] = type;
                          return true;
                        }),
            0);
  EXPECT_EQ(found, (std::map<std::string, int>{{"d", DT_DIR}, {"f", DT_REG}, {"l", DT_LNK}}));
  int count = 0;
  read_folder(folder(), [&](const char*, unsigned char) { return ++count < 2; });
  EXPECT_EQ(count, 2) << "told to stop";
}

TEST_F(AtTest, TreesGoWithAllTheyHold) {
  make_folders(place_.path() / "t/a/b");
  make("t/a/b/f", "x");
  make("t/g", "x");
  make("outside", "stays");
  fs::create_symlink(place_.path() / "outside", place_.path() / "t/link");
  EXPECT_EQ(remove_all_at(folder(), "t"), 0);
  EXPECT_EQ(remove_all_at(folder(), "t"), 0) << "nothing when it is not there";
  EXPECT_FALSE(fs::exists(place_.path() / "t"));
  EXPECT_TRUE(fs::exists(place_.path() / "outside"));
}

TEST_F(AtTest, ErrorsSayWhatToDo) {
  auto text = [](int number) {
    try {
      throw_file_error(number, "put x");
    } catch (const Error& error) {
      return std::string(name_of(error.kind())) + " " + error.advice();
    }
  };
  EXPECT_THAT(text(ENOSPC), testing::StartsWith("no_space free some space"));
  EXPECT_THAT(text(EACCES), testing::StartsWith("access_denied let holdfast's user own"));
  EXPECT_THAT(text(EROFS), testing::StartsWith("access_denied mount"));
  EXPECT_THAT(text(ELOOP), testing::HasSubstr("a real folder"));
  EXPECT_THAT(text(EXDEV), testing::HasSubstr("one file system"));
  EXPECT_EQ(text(EIO), "failed ");
}

TEST_F(AtTest, BytesAreCopiedFromAnywhereToAnywhere) {
  make("from", "0123456789");
  Opened from = open_at(folder(), "from", O_RDONLY), to = create_at(folder(), "to");
  copy_bytes(from.file.get(), 3, to.file.get(), 2, 4, "test");
  EXPECT_EQ(read_file(place_.path() / "to", 100), std::string("\0\0", 2) + "3456");
  EXPECT_THROW(copy_bytes(from.file.get(), 8, to.file.get(), 0, 5, "test"), Corrupt);
}

TEST_F(AtTest, ExactCopiesKeepLabelAndTime) {
  make("from", "content");
  Opened from = open_at(folder(), "from", O_RDWR), to = create_at(folder(), "to");
  bool keeps = set_attribute(from.file.get(), kLabelAttribute, "label") == 0;
  set_modified(from.file.get(), 1000000001);
  copy_file_exactly(from.file.get(), to.file.get(), "test");
  EXPECT_EQ(read_file(place_.path() / "to", 100), "content");
  struct stat info{};
  ::fstat(to.file.get(), &info);
  EXPECT_EQ(modified_of(info), 1000000001);
  char value[16] = "";
  ssize_t size = ::fgetxattr(to.file.get(), kLabelAttribute, value, sizeof value);
  EXPECT_EQ(std::string(value, size > 0 ? std::size_t(size) : 0), keeps ? "label" : "");
}

}  // namespace
}  // namespace holdfast::storage
