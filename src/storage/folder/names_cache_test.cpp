#include "storage/folder/names_cache.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/folder/folder_open.h"
#include "storage/folder/label_store.h"
#include "storage/folder/lister.h"
#include "support/test_folder.h"

namespace holdfast::storage {
namespace {

using testing::ElementsAre;

class NamesCacheTest : public testing::Test {
 protected:
  NamesCacheTest() {
    FolderOptions options{.root = place_.path() / "root", .reserved_bytes = 0};
    opened_ = open_folder_core(Context::background(), options);
    fs::create_directory(folder());
  }

  fs::path folder() const { return place_.path() / "root/bucket"; }
  void make(const std::string& name) { std::ofstream(folder() / name) << "x"; }
  // So that the folder's time does not look as if it might still change unseen.
  void settle() {
    auto earlier = fs::file_time_type::clock::now() - std::chrono::hours(1);
    fs::last_write_time(folder(), earlier);
  }
  std::vector<std::string> names(NamesCache& cache, const std::string& from = "") {
    Descriptor open = open_folder(folder());
    auto found = cache.names(open.get(), "bucket", from);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < found->size(); ++i) out.push_back(std::string(found->at(i).text));
    return out;
  }

  TemporaryFolder place_{place_for_folders()};
  OpenedFolder opened_;
};

TEST_F(NamesCacheTest, FoldersCountTwice) {
  make("a-");
  make("b");
  fs::create_directory(folder() / "a");
  NamesCache cache(*opened_.core);
  EXPECT_THAT(names(cache), ElementsAre("a", "a-", "a/", "b"));
}

TEST_F(NamesCacheTest, ReadsAQuietFolderOnce) {
  make("a");
  settle();
  NamesCache cache(*opened_.core);
  for (int i = 0; i < 5; ++i) EXPECT_THAT(names(cache), ElementsAre("a"));
  EXPECT_EQ(cache.reads(), 1u);
  make("by hand");
  EXPECT_THAT(names(cache), ElementsAre("a", "by hand"));
}

TEST_F(NamesCacheTest, AFolderThatJustChangedIsNotRemembered) {
  make("a");
  NamesCache cache(*opened_.core);
  names(cache);
  names(cache);
  EXPECT_EQ(cache.reads(), 2u);
}

TEST_F(NamesCacheTest, OwnChangesCountEvenIfTheTimeStandsStill) {
  make("a");
  settle();
  NamesCache cache(*opened_.core);
  names(cache);
  {
    ChangeLog::Change change(opened_.core->changes, "bucket", "a");
  }
  names(cache);
  EXPECT_EQ(cache.reads(), 2u);
}

TEST_F(NamesCacheTest, ALargeFolderIsKeptInStretches) {
  std::vector<std::string> expected;
  for (int i = 1000; i < 6000; ++i) {
    expected.push_back(std::to_string(i));
    make(expected.back());
  }
  settle();
  NamesCache cache(*opened_.core, 100);
  std::vector<std::string> all;
  std::string from;
  Descriptor open = open_folder(folder());
  while (true) {
    auto stretch = cache.names(open.get(), "bucket", from);
    EXPECT_LE(stretch->size(), 100u);
    for (std::size_t i = 0; i < stretch->size(); ++i) all.emplace_back(stretch->at(i).text);
    if (!stretch->cut()) break;
    from = stretch->end();
  }
  EXPECT_EQ(all, expected);
  std::uint64_t before = cache.reads();
  EXPECT_THAT(names(cache, "5950"), testing::Contains("5950"));
  EXPECT_EQ(cache.reads(), before) << "inside the stretch that was read last";
  EXPECT_EQ(names(cache, "3000")[0], "3000");
  EXPECT_EQ(cache.reads(), before + 1) << "one read a page";
}

TEST_F(NamesCacheTest, MemoryIsBounded) {
  NamesCache cache(*opened_.core, 1000, 4096);
  make("a");
  settle();
  for (int i = 0; i < 20; ++i) {
    fs::path other = place_.path() / "root" / ("bucket" + std::to_string(i));
    fs::create_directory(other);
    for (int k = 0; k < 30; ++k) std::ofstream(other / std::to_string(k)) << "x";
    fs::last_write_time(other, fs::file_time_type::clock::now() - std::chrono::hours(1));
    cache.names(open_folder(other).get(), "bucket" + std::to_string(i), "");
  }
  names(cache);
  std::uint64_t before = cache.reads();
  names(cache);
  EXPECT_EQ(cache.reads(), before) << "the last one is kept";
  cache.names(open_folder(place_.path() / "root/bucket0").get(), "bucket0", "");
  EXPECT_EQ(cache.reads(), before + 1) << "the first one had to go";
}

TEST_F(NamesCacheTest, ListsPageThroughStretches) {
  Core& core = *opened_.core;
  ObjectTree tree(core);
  LabelStore labels(core);
  NamesCache cache(core, 7);
  Lister lister(core, tree, labels, cache);
  std::vector<std::string> expected;
  for (int i = 100; i < 2600; ++i) {
    std::string name = std::to_string(i) + "-" + std::to_string(i % 13);
    expected.push_back("deep/" + name);
  }
  fs::create_directory(folder() / "deep");
  for (const std::string& key : expected) make(key);
  std::sort(expected.begin(), expected.end());
  fs::last_write_time(folder() / "deep", fs::file_time_type::clock::now() - std::chrono::hours(1));
  std::vector<std::string> all;
  ListRequest request{.bucket = "bucket", .limit = 300};
  do {
    ListPage page = lister.list(Context::background(), request);
    for (const ObjectInfo& info : page.objects) all.push_back(info.key);
    request.cursor = page.next;
  } while (!request.cursor.empty());
  EXPECT_EQ(all, expected);
}

TEST_F(NamesCacheTest, AListReadsOnlyTheFoldersItNeeds) {
  Core& core = *opened_.core;
  ObjectTree tree(core);
  LabelStore labels(core);
  NamesCache cache(core);
  Lister lister(core, tree, labels, cache);
  for (int i = 0; i < 50; ++i) {
    fs::create_directories(folder() / std::to_string(i) / "inner");
    make(std::to_string(i) + "/inner/object");
  }
  auto reads_of = [&](const ListRequest& request) {
    std::uint64_t before = cache.reads();
    lister.list(Context::background(), request);
    return cache.reads() - before;
  };
  EXPECT_EQ(reads_of({.bucket = "bucket", .prefix = "7/inner/"}), 3u);
  EXPECT_EQ(reads_of({.bucket = "bucket", .delimiter = "/"}), 1u);
  EXPECT_EQ(reads_of({.bucket = "bucket", .after = "49/inner/a", .limit = 1}), 5u)
      << "49/inner, and the way to the one behind the page";
}

}  // namespace
}  // namespace holdfast::storage
