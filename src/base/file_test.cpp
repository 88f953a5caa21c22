#include "base/file.h"

#include <atomic>
#include <cstdlib>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/error.h"

namespace holdfast {
namespace {

using ::testing::ElementsAre;

class FileTest : public ::testing::Test {
 protected:
  void put(const fs::path& name, std::string_view bytes) {
    make_folders((root_ / name).parent_path());
    write_file_durably(root_ / name, bytes);
  }
  std::string get(const fs::path& name) const { return read_file(root_ / name, 1 << 20); }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(root_)) {
      out.push_back(entry.path().filename().string());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  TemporaryFolder folder_;
  const fs::path root_ = folder_.path();
};

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }

TEST_F(FileTest, DescriptorsOwnAndMove) {
  put("f", "x");
  Descriptor first = open_for_reading(root_ / "f");
  int number = first.get();
  EXPECT_TRUE(first);
  Descriptor second(std::move(first));
  EXPECT_EQ(second.get(), number);
  Descriptor third;
  EXPECT_FALSE(third);
  third = std::move(second);
  EXPECT_TRUE(is_open(number));
  third = open_for_reading(root_ / "f");
  EXPECT_FALSE(is_open(number));
  int released = third.release();
  third.close();
  EXPECT_TRUE(is_open(released));
  ::close(released);
}

TEST_F(FileTest, DescriptorsAreNotInherited) {
  put("f", "x");
  Descriptor file = open_for_reading(root_ / "f");
  EXPECT_EQ(::fcntl(file.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_F(FileTest, CreateRefusesWhatIsThere) {
  Descriptor file = create_file(root_ / "f", 0600);
  write_all(file.get(), "hello", "f");
  write_all_at(file.get(), "L", 2, "f");
  write_all_at(file.get(), "!", 5, "f");
  EXPECT_EQ(get("f"), "heLlo!");
  struct stat info{};
  ASSERT_EQ(::stat((root_ / "f").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_THROW(create_file(root_ / "f"), PreconditionFailed);
  EXPECT_THROW(create_file(root_ / "no" / "f"), NotFound);
}

TEST_F(FileTest, OpenSaysWhatIsMissing) {
  try {
    open_for_reading(root_ / "missing");
    FAIL();
  } catch (const NotFound& error) {
    EXPECT_EQ(error.subject(), "open " + (root_ / "missing").string());
  }
  put("f", "");
  EXPECT_THROW(open_folder(root_ / "f"), NotFound);
}

TEST_F(FileTest, AFullDiskIsNoSpace) {
  Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_THROW(write_all(full.get(), "x", "full"), NoSpace);
  EXPECT_THROW(write_all_at(full.get(), "x", 0, "full"), NoSpace);
}

TEST_F(FileTest, ReadIsBounded) {
  put("f", std::string(20'000, 'x'));
  EXPECT_EQ(read_file(root_ / "f", 20'000).size(), 20'000u);
  EXPECT_THROW(read_file(root_ / "f", 19'999), InvalidArgument);
  // Endless, and without a size to be warned by.
  EXPECT_THROW(read_file("/dev/zero", 1000), InvalidArgument);
  EXPECT_THROW(read_file(root_, 1000), Error);
}

TEST_F(FileTest, DurableWriteReplacesAndLeavesNothingElse) {
  write_file_durably(root_ / "f", "one", 0640);
  write_file_durably(root_ / "f", "two");
  EXPECT_EQ(get("f"), "two");
  EXPECT_THAT(names(), ElementsAre("f"));
  EXPECT_THROW(write_file_durably(root_ / "no" / "f", "x"), NotFound);
}

// The plan of failures is read once a process, so each case has one of its own.
[[noreturn]] void write_with_failure(const char* plan) {
  ::setenv("HOLDFAST_FAIL_AT", plan, 1);
  int status = 1;
  {
    TemporaryFolder folder;
    Descriptor old(::open((folder.path() / "f").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    write_all(old.get(), "old", "f");
    try {
      write_file_durably(folder.path() / "f", "new");
    } catch (const NoSpace&) {
      auto entries = std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator());
      status = entries == 1 && read_file(folder.path() / "f", 10) == "old" ? 0 : 2;
    }
  }
  std::_Exit(status);
}

TEST_F(FileTest, AFailedDurableWriteLeavesTheOldFileAlone) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const char* plan : {"file.create=no_space", "file.sync=no_space", "file.rename=no_space"}) {
    EXPECT_EXIT(write_with_failure(plan), testing::ExitedWithCode(0), "") << plan;
  }
}

TEST_F(FileTest, Renames) {
  put("a", "A");
  put("b", "B");
  rename_path(root_ / "a", root_ / "b");
  EXPECT_EQ(get("b"), "A");
  EXPECT_THAT(names(), ElementsAre("b"));
  EXPECT_THROW(rename_path(root_ / "a", root_ / "b"), NotFound);
}

TEST_F(FileTest, RenameNewNeverReplaces) {
  put("a", "A");
  put("b", "B");
  EXPECT_THROW(rename_new(root_ / "a", root_ / "b"), PreconditionFailed);
  EXPECT_EQ(get("b"), "B");
  rename_new(root_ / "a", root_ / "c");
  EXPECT_EQ(get("c"), "A");
}

TEST_F(FileTest, ExchangeSwapsAlsoAFileWithAFolder) {
  put("a", "A");
  put("d/x", "X");
  exchange_paths(root_ / "a", root_ / "d");
  EXPECT_EQ(get("a/x"), "X");
  EXPECT_EQ(get("d"), "A");
  EXPECT_THROW(exchange_paths(root_ / "a", root_ / "missing"), NotFound);
}

TEST_F(FileTest, Removes) {
  put("a", "A");
  remove_file(root_ / "a");
  EXPECT_THROW(remove_file(root_ / "a"), NotFound);
  EXPECT_FALSE(remove_file_if_there(root_ / "a"));
  put("a", "A");
  EXPECT_TRUE(remove_file_if_there(root_ / "a"));
  put("d/x", "X");
  EXPECT_THROW(remove_file_if_there(root_ / "d"), Error);
}

TEST_F(FileTest, RemoveTreeStaysInside) {
  put("outside/keep", "x");
  put("tree/deep/er/f", "y");
  fs::create_directory_symlink(root_ / "outside", root_ / "tree" / "link");
  remove_tree(root_ / "tree");
  remove_tree(root_ / "tree");
  EXPECT_THAT(names(), ElementsAre("outside"));
  EXPECT_EQ(get("outside/keep"), "x");
}

TEST_F(FileTest, MakesFolders) {
  make_folder(root_ / "d");
  make_folder(root_ / "d");
  make_folders(root_ / "d" / "e" / "f");
  make_folders(root_ / "d" / "e" / "f");
  make_folders("");
  EXPECT_TRUE(fs::is_directory(root_ / "d" / "e" / "f"));
  EXPECT_THROW(make_folder(root_ / "x" / "y"), NotFound);
}

TEST_F(FileTest, AFileInTheWayOfAFolderIsAnError) {
  put("f", "x");
  EXPECT_THROW(make_folder(root_ / "f"), PreconditionFailed);
  EXPECT_THROW(make_folders(root_ / "f"), PreconditionFailed);
  EXPECT_THROW(make_folders(root_ / "f" / "g"), Error);
  EXPECT_EQ(get("f"), "x");
}

TEST_F(FileTest, LinksShareTheFile) {
  put("a", "A");
  link_file(root_ / "a", root_ / "b");
  EXPECT_TRUE(fs::equivalent(root_ / "a", root_ / "b"));
  EXPECT_THROW(link_file(root_ / "a", root_ / "b"), PreconditionFailed);
}

TEST_F(FileTest, ExistsAlsoAsADanglingLink) {
  put("f", "x");
  fs::create_symlink("nowhere", root_ / "dangling");
  EXPECT_TRUE(path_exists(root_ / "f"));
  EXPECT_TRUE(path_exists(root_ / "dangling"));
  EXPECT_FALSE(path_exists(root_ / "missing"));
  EXPECT_FALSE(path_exists(root_ / "f" / "below a file"));
  EXPECT_THROW(path_exists(root_ / std::string(300, 'x')), InvalidArgument);
}

TEST_F(FileTest, SizesAndSpace) {
  put("f", "12345");
  EXPECT_EQ(size_of_file(root_ / "f"), 5u);
  EXPECT_THROW(size_of_file(root_ / "missing"), NotFound);
  EXPECT_GT(free_space(root_), 0u);
  EXPECT_THROW(free_space(root_ / "missing"), NotFound);
}

TEST_F(FileTest, Syncs) {
  put("f", "x");
  Descriptor file = open_for_reading(root_ / "f");
  EXPECT_NO_THROW(sync_file(file.get(), "f"));
  EXPECT_NO_THROW(begin_writing_out(file.get(), 0, 1));
  EXPECT_NO_THROW(begin_writing_out(-1, 0, 1));  // a hint
  EXPECT_NO_THROW(sync_folder(root_));
  EXPECT_THROW(sync_folder(root_ / "missing"), NotFound);
  EXPECT_THROW(sync_file(-1, "f"), Error);
}

std::vector<std::string> walked(const fs::path& root, Links links) {
  std::vector<std::string> out;
  for (const WalkedFile& file : walk_files(root, links)) {
    out.push_back(file.relative + (file.is_link ? "@" : ":" + std::to_string(file.size)));
  }
  return out;
}

TEST_F(FileTest, WalksSortedByRelativeName) {
  put("b", "12");
  put("a/z", "1");
  put("a/b/c", "");
  put("a.b", "123");
  make_folder(root_ / "empty");
  EXPECT_THAT(walked(root_, Links::kKeep), ElementsAre("a.b:3", "a/b/c:0", "a/z:1", "b:2"));
  WalkedFile first = walk_files(root_, Links::kKeep).front();
  EXPECT_EQ(first.path, root_ / "a.b");
  struct stat info{};
  ASSERT_EQ(::stat(first.path.c_str(), &info), 0);
  EXPECT_EQ(first.inode, info.st_ino);
}

TEST_F(FileTest, WalkKeepsOrFollowsLinks) {
  TemporaryFolder elsewhere;
  write_file_durably(elsewhere.path() / "part", "12345");
  put("f", "1");
  fs::create_directory_symlink(elsewhere.path(), root_ / "link");
  fs::create_symlink("f", root_ / "to_file");
  fs::create_symlink("nowhere", root_ / "dangling");
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(walked(root_, Links::kKeep), ElementsAre("dangling@", "f:1", "link@", "to_file@"));
  EXPECT_THAT(walked(root_, Links::kFollowFolders), ElementsAre("f:1", "link/part:5"));
}

TEST_F(FileTest, WalkEndsInARingOfLinks) {
  make_folder(root_ / "d");
  fs::create_directory_symlink(root_, root_ / "d" / "up");
  fs::create_directory_symlink(root_, root_ / "d" / "up2");
  EXPECT_THROW(walk_files(root_, Links::kFollowFolders), Refused);
  EXPECT_THAT(walked(root_, Links::kKeep), ElementsAre("d/up@", "d/up2@"));
}

TEST_F(FileTest, WalkFollowsTwoLinksToOneFolder) {
  TemporaryFolder elsewhere;
  write_file_durably(elsewhere.path() / "f", "1");
  fs::create_directory_symlink(elsewhere.path(), root_ / "a");
  fs::create_directory_symlink(elsewhere.path(), root_ / "b");
  EXPECT_THAT(walked(root_, Links::kFollowFolders), ElementsAre("a/f:1", "b/f:1"));
}

TEST_F(FileTest, WalkRefusesFoldersNestedTooDeeply) {
  fs::path deep = root_;
  for (int i = 0; i < 70; ++i) deep /= "d";
  make_folders(deep);
  EXPECT_THROW(walk_files(root_, Links::kKeep), Refused);
}

TEST_F(FileTest, WalkNeedsAFolder) {
  put("f", "x");
  EXPECT_THROW(walk_files(root_ / "f", Links::kKeep), NotFound);
  EXPECT_THROW(walk_files(root_ / "missing", Links::kKeep), NotFound);
}

TEST_F(FileTest, ALockIsHeldByOneAndFreedAtTheEnd) {
  fs::path path = root_ / "lock";
  {
    auto first = FileLock::try_lock(path);
    ASSERT_TRUE(first.has_value());
    EXPECT_TRUE(is_open(first->descriptor()));
    EXPECT_FALSE(FileLock::try_lock(path).has_value());
    auto moved = std::move(first);
    EXPECT_FALSE(FileLock::try_lock(path).has_value());
  }
  EXPECT_TRUE(FileLock::try_lock(path).has_value());
  EXPECT_THROW(FileLock::try_lock(root_ / "no" / "lock"), NotFound);
}

TEST_F(FileTest, ALockThatIsTakenAwayHoldsNobodyUp) {
  const fs::path path = root_ / "lock";
  auto first = FileLock::try_lock(path);
  ASSERT_TRUE(first.has_value());
  first->remove();
  EXPECT_FALSE(fs::exists(path));
  auto second = FileLock::try_lock(path);
  ASSERT_TRUE(second.has_value());
  EXPECT_FALSE(FileLock::try_lock(path).has_value());
}

// One thread takes the file away again and again while others lock it: never two at a time.
TEST_F(FileTest, ALockThatIsTakenAwayIsNeverHeldByTwo) {
  const fs::path path = root_ / "lock";
  std::atomic<int> holders{0}, most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int taken = 0; taken < 500;) {
        auto lock = FileLock::try_lock(path);
        if (!lock) continue;
        ++taken;
        const int now = ++holders;
        if (now > most) most = now;
        --holders;
        lock->remove();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
}

TEST_F(FileTest, ALockDiesWithItsProcess) {
  fs::path path = root_ / "lock";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  pid_t child = ::fork();
  if (child == 0) {
    auto lock = FileLock::try_lock(path);
    char ok = lock ? '1' : '0';
    if (::write(ready[1], &ok, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char ok = 0;
  ASSERT_EQ(::read(ready[0], &ok, 1), 1);
  EXPECT_EQ(ok, '1');
  EXPECT_FALSE(FileLock::try_lock(path).has_value());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(FileLock::try_lock(path).has_value());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(TemporaryFolder, IsPrivateAndGoesWithAllItHolds) {
  fs::path path;
  {
    TemporaryFolder first;
    TemporaryFolder second(std::move(first));
    path = second.path();
    struct stat info{};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u);
    make_folders(path / "a" / "b");
    write_file_durably(path / "a" / "f", "x");
  }
  EXPECT_FALSE(path_exists(path));
  EXPECT_THROW(TemporaryFolder("/nonexistent"), NotFound);
}

}  // namespace
}  // namespace holdfast
