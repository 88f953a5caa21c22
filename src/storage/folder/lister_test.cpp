// What a page of a list costs: the folders and objects that are in it, however large the bucket.
#include <atomic>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sys/inotify.h>
#include <thread>
#include <unistd.h>

#include "codec/digest.h"
#include "codec/text.h"
#include "storage/folder/at.h"
#include "storage/folder/folder_storage.h"
#include "support/test_folder.h"

namespace holdfast::storage {
namespace {

constexpr int kFolders = 60, kObjects = 50;

std::string folder_name(int number) { return "folder" + std::to_string(100 + number); }
std::string object_name(int number) { return "object" + std::to_string(100 + number); }

// Counts what is opened in the folders that it watches, and the folders themselves.
class OpenCounter {
 public:
  OpenCounter() : events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

  void watch(const fs::path& folder) {
    const int id = ::inotify_add_watch(events_.get(), folder.c_str(), IN_OPEN);
    ASSERT_GE(id, 0) << folder;
    folders_[id] = folder.filename();
  }
  // Since the last call: how many files were opened in each folder ("" for none).
  struct Opens {
    std::map<std::string, std::size_t> files;  // by the folder's name
    std::size_t folders = 0;                   // how often any folder was opened
    std::size_t all_files() const {
      std::size_t sum = 0;
      for (const auto& [name, count] : files) sum += count;
      return sum;
    }
  };
  Opens take() {
    Opens out;
    alignas(inotify_event) char buffer[64 << 10];
    for (ssize_t size; (size = ::read(events_.get(), buffer, sizeof buffer)) > 0;) {
      for (ssize_t at = 0; at < size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
        const bool folder = (event->mask & IN_ISDIR) != 0;
        if (!folder) ++out.files[folders_[event->wd]];
        if (folder && event->len == 0) ++out.folders;
        at += ssize_t(sizeof(inotify_event) + event->len);
      }
    }
    return out;
  }

 private:
  Descriptor events_;
  std::map<int, std::string> folders_;
};

// Whether the kernel reads the attributes of files that are not open.
bool kernel_reads_closed(const fs::path& folder) {
  const Descriptor open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  char value[1];
  errno = 0;
  const ssize_t size = read_attribute_at(open.get(), "nothing", "user.holdfast", value);
  return size < 0 && errno == ENOENT;
}

FolderOptions with_closed_labels(bool closed) {
  FolderOptions options;
  options.closed_labels = closed;
  return options;
}

// Both ways to read a label: as it can be done everywhere, and with newer kernels.
class ListCostTest : public testing::TestWithParam<bool>, protected FolderWithBucket {
 protected:
  ListCostTest()
      : FolderWithBucket(with_closed_labels(GetParam())),
        opens_files_(!GetParam() || !kernel_reads_closed(folder_.path())) {
    for (int i = 0; i < kFolders; ++i) {
      for (int j = 0; j < kObjects; ++j) {
        put_bytes(*storage_, context_, {"bucket", folder_name(i) + "/" + object_name(j)}, "x", {});
      }
    }
    counter_.watch(folder_.path() / "bucket");
    for (int i = 0; i < kFolders; ++i) counter_.watch(folder_.path() / "bucket" / folder_name(i));
  }

  ListPage list(ListRequest request) {
    request.bucket = "bucket";
    counter_.take();
    ListPage page = storage_->list(context_, request);
    opens_ = counter_.take();
    return page;
  }

  using Counts = std::map<std::string, std::size_t>;
  // What is opened of files that a page needs.
  Counts needed(Counts files) const { return opens_files_ ? files : Counts(); }

  OpenCounter counter_;
  OpenCounter::Opens opens_;
  const bool opens_files_;
};

INSTANTIATE_TEST_SUITE_P(Ways, ListCostTest, testing::Values(false, true));

TEST_P(ListCostTest, APageInTheMiddleOpensItsOwnObjectsAlone) {
  const ListPage page =
      list({.after = folder_name(30) + "/" + object_name(kObjects - 6), .limit = 10});
  ASSERT_EQ(page.objects.size(), 10u);
  EXPECT_EQ(page.objects.front().key, folder_name(30) + "/" + object_name(kObjects - 5));
  EXPECT_EQ(page.objects.back().key, folder_name(31) + "/" + object_name(4));
  // One more shows that the list goes on.
  EXPECT_EQ(opens_.files, needed({{folder_name(30), 5}, {folder_name(31), 6}}));
  // The bucket and the two, each to enter it and to read its names.
  EXPECT_LE(opens_.folders, 6u);
}

TEST_P(ListCostTest, APrefixOpensItsFolderAlone) {
  const ListPage page = list({.prefix = folder_name(7) + "/" + object_name(20)});
  ASSERT_EQ(page.objects.size(), 1u);
  EXPECT_EQ(opens_.files, needed({{folder_name(7), 1}}));
  EXPECT_LE(opens_.folders, 4u);
}

TEST_P(ListCostTest, CommonPrefixesOpenNoObject) {
  const ListPage page = list({.delimiter = "/"});
  EXPECT_EQ(page.prefixes.size(), std::size_t(kFolders));
  EXPECT_EQ(opens_.all_files(), 0u);
  // Each is asked whether it is an object too, and opened to read its first names.
  EXPECT_LE(opens_.folders, 2u * kFolders + 4);
}

// Objects of every size have their own content, so that what is told of one can be checked.
class RestlessListTest : public testing::TestWithParam<bool>, protected FolderWithBucket {
 protected:
  RestlessListTest() : FolderWithBucket(with_closed_labels(GetParam())) {
    for (std::size_t size = 0; size < kSizes; ++size) {
      const std::string bytes(size, 'x');
      etags_.push_back(codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kMd5, bytes)));
    }
    for (int i = 0; i < kNames; ++i) put(i, 0);
  }
  void put(int name, std::size_t size) {
    put_bytes(*storage_, context_, {"bucket", object_name(name)}, std::string(size, 'x'), {});
  }

  static constexpr std::size_t kSizes = 60;
  static constexpr int kNames = 40;
  std::vector<std::string> etags_;
};

INSTANTIATE_TEST_SUITE_P(Ways, RestlessListTest, testing::Values(false, true));

TEST_P(RestlessListTest, AReplacedObjectIsToldWithItsOwnSizeAndETag) {
  std::atomic<bool> ending{false};
  std::thread writer([&] {
    for (std::size_t i = 0; !ending; ++i) put(int(i % kNames), i % kSizes);
  });
  for (int round = 0; round < 200; ++round) {
    const ListPage page = storage_->list(context_, {.bucket = "bucket"});
    EXPECT_EQ(page.objects.size(), std::size_t(kNames));
    for (const ObjectInfo& object : page.objects) {
      EXPECT_EQ(object.etag, etags_.at(std::size_t(object.size))) << object.key;
    }
  }
  ending = true;
  writer.join();
}

TEST_P(RestlessListTest, WhatHasNoLabelOfItsOwnIsToldToo) {
  const fs::path bucket = folder_.path() / "bucket";
  std::ofstream(bucket / "by-hand") << "xyz";
  std::ofstream(bucket / object_name(1)) << "changed";
  fs::create_symlink("by-hand", bucket / "link");
  put_bytes(*storage_, context_, {"bucket", "in/folder"}, "x", {});
  put_bytes(*storage_, context_, {"bucket", "in"}, "xx", {});
  put_bytes(*storage_, context_, {"bucket", std::string(300, 'z')}, "x", {});
  const ListPage page = storage_->list(context_, {.bucket = "bucket"});
  std::map<std::string, std::string> told;
  for (const ObjectInfo& object : page.objects) told[object.key] = object.etag;
  EXPECT_EQ(told.size(), std::size_t(kNames + 4));
  EXPECT_EQ(told.count("link"), 0u);
  EXPECT_TRUE(told["by-hand"].ends_with("-0")) << told["by-hand"];
  EXPECT_TRUE(told[object_name(1)].ends_with("-0")) << told[object_name(1)];
  EXPECT_EQ(told["in"], etags_[2]);
  EXPECT_EQ(told["in/folder"], etags_[1]);
  EXPECT_EQ(told[std::string(300, 'z')], etags_[1]);
}

}  // namespace
}  // namespace holdfast::storage
