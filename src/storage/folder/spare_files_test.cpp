#include "storage/folder/spare_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <set>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <thread>
#include <unistd.h>

#include "storage/folder/folder_storage.h"
#include "support/test_folder.h"

namespace holdfast::storage {
namespace {

const std::size_t kResting = FolderOptions().resting_files;

class SpareFilesTest : public testing::Test, protected FolderWithBucket {
 protected:
  void put(const std::string& key, std::string_view bytes) {
    put_bytes(*storage_, context_, {"bucket", key}, bytes, {});
  }
  std::string get(const std::string& key) {
    return get_bytes(*storage_, context_, {"bucket", key}, 1 << 20);
  }
  fs::path path(const std::string& key) const { return folder_.path() / "bucket" / key; }
  ino_t inode(const std::string& key) const {
    struct stat info{};
    EXPECT_EQ(::stat(path(key).c_str(), &info), 0);
    return info.st_ino;
  }
  std::size_t resting() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(folder_.path() / ".hf~sys/tmp")) {
      count += entry.is_regular_file();
    }
    return count;
  }
  // Replaces `key` so often that every file which rested before has been taken.
  void churn(const std::string& key) {
    for (std::size_t i = 0; i < 2 * SpareFiles::kMost; ++i) put(key, "churn " + std::to_string(i));
  }
};

TEST_F(SpareFilesTest, ReplacingUsesTheSameFewFiles) {
  std::set<ino_t> seen;
  for (int i = 0; i < 500; ++i) {
    put("key", "number " + std::to_string(i));
    seen.insert(inode("key"));
  }
  EXPECT_EQ(get("key"), "number 499");
  EXPECT_LE(seen.size(), kResting + 3);
  EXPECT_LE(resting(), kResting + 1);
}

TEST_F(SpareFilesTest, WhatIsOpenStaysAsItWas) {
  put("key", "the first");
  auto reader = storage_->get(context_, {"bucket", "key"}, {});
  Descriptor by_hand = open_for_reading(path("key"));
  churn("key");
  EXPECT_EQ(read_all(*reader, 100), "the first");
  char bytes[100];
  EXPECT_EQ(std::string(bytes, std::size_t(::read(by_hand.get(), bytes, sizeof bytes))),
            "the first");
}

TEST_F(SpareFilesTest, WhatHasAnotherNameStaysAsItWas) {
  put("key", "the first");
  const fs::path kept = folder_.path() / "kept";
  fs::create_hard_link(path("key"), kept);
  churn("key");
  EXPECT_EQ(read_file(kept, 100), "the first");
}

TEST_F(SpareFilesTest, ANameThatComesWhileItRestsKeepsIt) {
  put("key", "the first");
  Descriptor open = open_for_reading(path("key"));
  put("key", "the second");
  const fs::path kept = folder_.path() / "kept";
  ASSERT_EQ(::linkat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(open.get())).c_str(), AT_FDCWD,
                     kept.c_str(), AT_SYMLINK_FOLLOW),
            0);
  open.close();
  churn("key");
  EXPECT_EQ(read_file(kept, 100), "the first");
}

TEST_F(SpareFilesTest, AFileOfAnotherModeOrWithMoreAttributesIsNotUsed) {
  put("modes", "x");
  fs::permissions(path("modes"), fs::perms::owner_read | fs::perms::owner_write);
  put("attributes", "x");
  ASSERT_EQ(::setxattr(path("attributes").c_str(), "user.mine", "1", 1, 0), 0);
  const std::set<ino_t> marked = {inode("modes"), inode("attributes")};
  const Descriptor hold_modes(::open(path("modes").c_str(), O_PATH | O_CLOEXEC));
  const Descriptor hold_attributes(::open(path("attributes").c_str(), O_PATH | O_CLOEXEC));
  put("modes", "y");
  put("attributes", "y");
  for (std::size_t i = 0; i < 4 * SpareFiles::kMost; ++i) {
    put("key", "churn");
    EXPECT_FALSE(marked.contains(inode("key")));
  }
}

TEST_F(SpareFilesTest, LargeFilesGoAtOnce) {
  for (int i = 0; i < 100; ++i) put("key", std::string(SpareFiles::kLargest + 1, 'x'));
  EXPECT_EQ(resting(), 0u);
}

TEST_F(SpareFilesTest, AFolderPutThereByHandIsNoSpareFile) {
  put("key", "the first");
  fs::remove(path("key"));
  fs::create_directory(path("key"));
  put("key", "the second");
  EXPECT_EQ(get("key"), "the second");
  EXPECT_EQ(resting(), 0u);
}

// Readers and writers of the same few keys: every read is one whole version of its own key.
TEST_F(SpareFilesTest, ReadersSeeWholeVersionsOfTheirKey) {
  constexpr int kKeys = 4, kRounds = 400;
  const auto body = [](int key, int version) {
    return "key " + std::to_string(key) + " " +
           std::string(std::size_t(1000 + version % 7 * 997), char('a' + version % 26));
  };
  for (int key = 0; key < kKeys; ++key) put(std::to_string(key), body(key, 0));
  std::atomic<int> writing{kKeys}, wrong{0}, reads{0};
  std::vector<std::thread> threads;
  for (int key = 0; key < kKeys; ++key) {
    threads.emplace_back([&, key] {
      for (int version = 1; version <= kRounds; ++version) {
        put(std::to_string(key), body(key, version));
      }
      --writing;
    });
    threads.emplace_back([&, key] {
      const std::string start = "key " + std::to_string(key) + " ";
      while (writing > 0) {
        const std::string seen = get(std::to_string(key));
        const char fill = seen.back();
        wrong += !seen.starts_with(start) ||
                 seen.find_first_not_of(fill, start.size()) != std::string::npos ||
                 (seen.size() - start.size() - 1000) % 997 != 0;
        ++reads;
      }
    });
    threads.emplace_back([&] {
      while (writing > 0) {
        for (const ObjectInfo& each : storage_->list(context_, {.bucket = "bucket"}).objects) {
          wrong += each.etag.ends_with("-0");  // the mark of a file without its label
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(reads, 0);
  for (int key = 0; key < kKeys; ++key) EXPECT_EQ(get(std::to_string(key)), body(key, kRounds));
}

}  // namespace
}  // namespace holdfast::storage
