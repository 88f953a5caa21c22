// What a page of a list costs: the folders and objects that are in it, however large the bucket.
#include <gtest/gtest.h>
#include <map>
#include <sys/inotify.h>
#include <unistd.h>

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

class ListCostTest : public testing::Test, protected FolderWithBucket {
 protected:
  ListCostTest() {
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

  OpenCounter counter_;
  OpenCounter::Opens opens_;
};

TEST_F(ListCostTest, APageInTheMiddleOpensItsOwnObjectsAlone) {
  const ListPage page =
      list({.after = folder_name(30) + "/" + object_name(kObjects - 6), .limit = 10});
  ASSERT_EQ(page.objects.size(), 10u);
  EXPECT_EQ(page.objects.front().key, folder_name(30) + "/" + object_name(kObjects - 5));
  EXPECT_EQ(page.objects.back().key, folder_name(31) + "/" + object_name(4));
  // One more shows that the list goes on.
  const std::map<std::string, std::size_t> expected = {{folder_name(30), 5}, {folder_name(31), 6}};
  EXPECT_EQ(opens_.files, expected);
  // The bucket and the two, each to enter it and to read its names.
  EXPECT_LE(opens_.folders, 6u);
}

TEST_F(ListCostTest, APrefixOpensItsFolderAlone) {
  const ListPage page = list({.prefix = folder_name(7) + "/" + object_name(20)});
  ASSERT_EQ(page.objects.size(), 1u);
  const std::map<std::string, std::size_t> expected = {{folder_name(7), 1}};
  EXPECT_EQ(opens_.files, expected);
  EXPECT_LE(opens_.folders, 4u);
}

TEST_F(ListCostTest, CommonPrefixesOpenNoObject) {
  const ListPage page = list({.delimiter = "/"});
  EXPECT_EQ(page.prefixes.size(), std::size_t(kFolders));
  EXPECT_EQ(opens_.all_files(), 0u);
  // Each is asked whether it is an object too, and opened to read its first names.
  EXPECT_LE(opens_.folders, 2u * kFolders + 4);
}

}  // namespace
}  // namespace holdfast::storage
