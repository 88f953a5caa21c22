// What is special about a folder: files of the same path, files put there by hand, links, locks.
// What every storage does is tested by tests/conformance.
#include "storage/folder/folder_storage.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <thread>
#include <unistd.h>

#include "codec/digest.h"
#include "codec/text.h"
#include "storage/folder/label.h"
#include "support/test_folder.h"

namespace holdfast::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

void write_by_hand(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << bytes;
}

struct stat stat_of(const fs::path& path) {
  struct stat info{};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return info;
}

std::size_t files_below(const fs::path& path) {
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(path)) count += !entry.is_directory();
  return count;
}

PutRequest with_large_metadata(char fill = 'm') {
  PutRequest request;
  request.attributes.metadata = {{"large", std::string(500, fill)}};
  return request;
}

// The bytes of a note in pending/ about an object in "bucket".
std::string note_about(const std::string& key) {
  FieldWriter writer;
  writer.text("bucket");
  writer.text(key);
  return seal(writer.take());
}

class FolderStorageTest : public testing::TestWithParam<LabelPlace> {
 protected:
  void SetUp() override { open(); }

  void open() {
    storage_.reset();
    options_.root = root_;
    options_.min_part_size = 1;
    options_.reserved_bytes = 0;
    options_.labels = GetParam();
    storage_ = open_folder_storage(context_, options_);
    if (!fs::exists(root_ / "bucket")) storage_->buckets()->create(context_, "bucket");
  }

  PutResult put(const std::string& key, std::string_view bytes, const PutRequest& request = {}) {
    return put_bytes(*storage_, context_, {"bucket", key}, bytes, request);
  }
  std::string get(const std::string& key) {
    return get_bytes(*storage_, context_, {"bucket", key}, 1 << 30);
  }
  ObjectInfo head(const std::string& key) { return storage_->head(context_, {"bucket", key}, {}); }
  std::vector<std::string> keys() {
    std::vector<std::string> out;
    list_all(*storage_, context_, "bucket", "", [&](const auto& info) { out.push_back(info.key); });
    return out;
  }
  CopyResult copy(const std::string& from, const std::string& to, const CopyRequest& request = {}) {
    return storage_->copy(context_, {"bucket", from}, {"bucket", to}, request);
  }
  fs::path path_of(const std::string& path) const { return root_ / "bucket" / path; }
  std::size_t side_files() const { return files_below(root_ / ".hf~sys/labels"); }
  // Nothing but what belongs to objects is in the system folder.
  void expect_tidy() const {
    for (const char* name : {"tmp", "pending", "uploads"}) {
      EXPECT_EQ(files_below(root_ / ".hf~sys" / name), 0u) << name;
    }
  }

  TemporaryFolder place_{place_for_folders()};
  fs::path root_ = place_.path() / "root";
  Context context_ = Context::background();
  FolderOptions options_;
  std::unique_ptr<Storage> storage_;
};

INSTANTIATE_TEST_SUITE_P(Labels, FolderStorageTest,
                         testing::Values(LabelPlace::kAutomatic, LabelPlace::kFiles),
                         [](const auto& place) {
                           return place.param == LabelPlace::kFiles ? "InFiles" : "InAttributes";
                         });

TEST_P(FolderStorageTest, AnObjectIsAPlainFileOfTheSamePath) {
  put("data/part 1%2F.bin", "content");
  EXPECT_EQ(read_file(path_of("data/part 1%2F.bin"), 100), "content");
  put("data", "above");
  EXPECT_EQ(read_file(path_of("data/.hf~self"), 100), "above");
  put("x", "file");
  put("x/y", "below");
  EXPECT_EQ(read_file(path_of("x/.hf~self"), 100), "file");
  expect_tidy();
}

TEST_P(FolderStorageTest, ObjectsSurviveAnotherOpening) {
  PutResult before = put("a", "content", with_large_metadata());
  put("a/b", "below");
  open();
  EXPECT_EQ(get("a"), "content");
  EXPECT_EQ(head("a").revision, before.revision);
  EXPECT_EQ(head("a").attributes.metadata, with_large_metadata().attributes.metadata);
  EXPECT_EQ(get("a/b"), "below");
}

TEST_P(FolderStorageTest, FilesPutByHandAreObjects) {
  write_by_hand(path_of("by/hand.txt"), "by hand");
  EXPECT_THAT(keys(), ElementsAre("by/hand.txt"));
  EXPECT_EQ(get("by/hand.txt"), "by hand");
  ObjectInfo info = head("by/hand.txt");
  EXPECT_THAT(info.etag, testing::EndsWith("-0"));
  EXPECT_EQ(info.size, 7u);
  EXPECT_EQ(storage_->list(context_, {.bucket = "bucket"}).objects[0].etag, info.etag);
  put("by/hand.txt", "put");
  EXPECT_EQ(head("by/hand.txt").etag.find('-'), std::string::npos);
  remove_one(*storage_, context_, {"bucket", "by/hand.txt"});
  EXPECT_THAT(keys(), ElementsAre());
}

TEST_P(FolderStorageTest, ABucketMadeByHandIsABucket) {
  write_by_hand(root_ / "other-bucket/key", "x");
  fs::create_directory(root_ / "Not_A_Bucket");
  std::vector<std::string> names;
  for (const BucketInfo& info : storage_->buckets()->list(context_)) names.push_back(info.name);
  EXPECT_THAT(names, ElementsAre("bucket", "other-bucket"));
  EXPECT_EQ(get_bytes(*storage_, context_, {"other-bucket", "key"}, 10), "x");
}

TEST_P(FolderStorageTest, WhatWasChangedByHandLosesItsLabel) {
  PutResult before = put("object", "content", with_large_metadata());
  write_by_hand(path_of("object"), "other content");
  ObjectInfo info = head("object");
  EXPECT_THAT(info.etag, testing::EndsWith("-0"));
  EXPECT_NE(info.revision, before.revision);
  EXPECT_TRUE(info.attributes.metadata.empty());
  EXPECT_EQ(get("object"), "other content");
}

TEST_P(FolderStorageTest, CopiesOfHandMadeFilesAreRealObjects) {
  write_by_hand(path_of("hand"), "by hand");
  copy("hand", "copy");
  EXPECT_EQ(head("copy").etag,
            codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kMd5, "by hand")));
  write_by_hand(path_of("hand"), "changed");
  EXPECT_EQ(get("copy"), "by hand");
}

TEST_P(FolderStorageTest, CopiesTakeNoSpaceWhereTheFileSystemCanDoThat) {
  put("source", std::string(1 << 20, 's'));
  CopyResult result = copy("source", "copy");
  bool linked = stat_of(path_of("source")).st_ino == stat_of(path_of("copy")).st_ino;
  EXPECT_FALSE(linked && GetParam() == LabelPlace::kFiles) << "labels go by name and time";
  ObjectInfo source = head("source"), made = head("copy");
  EXPECT_NE(made.revision, source.revision);
  EXPECT_EQ(made.revision, result.revision);
  EXPECT_GE(made.modified, source.modified);
  copy("source", "copy");
  EXPECT_NE(head("copy").revision, made.revision) << "every publish has its own";
  open();
  EXPECT_EQ(head("source").revision, source.revision);
  copy("copy", "source");
  remove_one(*storage_, context_, {"bucket", "copy"});
  EXPECT_EQ(get("source").size(), 1u << 20);
  remove_one(*storage_, context_, {"bucket", "source"});
  EXPECT_EQ(files_below(root_ / ".hf~sys/links"), 0u);
  expect_tidy();
}

TEST_P(FolderStorageTest, EmptyFoldersMadeByHandAreNoPrefixes) {
  fs::create_directories(path_of("empty/inner"));
  for (int i = 0; i < 40; ++i) fs::create_directories(path_of("many/" + std::to_string(i)));
  write_by_hand(path_of("many/39/file"), "x");
  ListPage page = storage_->list(context_, {.bucket = "bucket", .delimiter = "/"});
  EXPECT_THAT(page.prefixes, ElementsAre("many/"));
  fs::remove(path_of("many/39/file"));
  storage_->buckets()->remove(context_, "bucket");
  EXPECT_FALSE(fs::exists(root_ / "bucket"));
}

TEST_P(FolderStorageTest, NamesThatAreNoKeysAreLeftAlone) {
  write_by_hand(path_of("good"), "x");
  write_by_hand(path_of(".hf~unknown"), "x");
  write_by_hand(path_of("not utf-8 \xff"), "x");
  ASSERT_EQ(::mkfifo(path_of("fifo").c_str(), 0644), 0);
  EXPECT_THAT(keys(), ElementsAre("good"));
  EXPECT_THROW(get("fifo"), NotFound);
  remove_one(*storage_, context_, {"bucket", "fifo"});
  EXPECT_TRUE(fs::exists(path_of("fifo"))) << "it is no object, so it is not ours to remove";
  remove_one(*storage_, context_, {"bucket", "good"});
  EXPECT_THROW(storage_->buckets()->remove(context_, "bucket"), PreconditionFailed);
}

TEST_P(FolderStorageTest, SymbolicLinksAreNotFollowed) {
  write_by_hand(place_.path() / "outside/secret", "secret");
  fs::create_directory_symlink(place_.path() / "outside", path_of("link"));
  fs::create_symlink(place_.path() / "outside/secret", path_of("file"));
  fs::create_directory_symlink(place_.path() / "outside", root_ / "linked-bucket");
  put("real", "x");
  EXPECT_THAT(keys(), ElementsAre("real"));
  EXPECT_THROW(get("link/secret"), NotFound);
  EXPECT_THROW(get("file"), NotFound);
  EXPECT_THROW(put("link/new", "x"), AccessDenied);
  EXPECT_THROW(get_bytes(*storage_, context_, {"linked-bucket", "secret"}, 10), NotFound);
  remove_one(*storage_, context_, {"bucket", "link/secret"});
  EXPECT_TRUE(fs::exists(place_.path() / "outside/secret"));
}

TEST_P(FolderStorageTest, APutReplacesASymbolicLinkAndNotWhatItLeadsTo) {
  write_by_hand(place_.path() / "outside/secret", "secret");
  put("source", "copied");
  const std::map<std::string, fs::path> links = {
      {"file", "outside/secret"}, {"folder", "outside"}, {"nowhere", "outside/new"}};
  for (const auto& [name, target] : links) {
    for (const bool copied : {false, true}) {
      fs::remove(path_of(name));
      fs::create_symlink(place_.path() / target, path_of(name));
      if (copied) {
        storage_->copy(context_, {"bucket", "source"}, {"bucket", name}, {});
      } else {
        put(name, "put");
      }
      EXPECT_FALSE(fs::is_symlink(path_of(name))) << name;
      EXPECT_EQ(get(name), copied ? "copied" : "put");
    }
  }
  EXPECT_EQ(read_file(place_.path() / "outside/secret", 100), "secret");
  EXPECT_FALSE(fs::exists(place_.path() / "outside/new"));
}

TEST_P(FolderStorageTest, ASecondWriterIsRefusedByName) {
  try {
    open_folder_storage(context_, options_);
    FAIL() << "two writers";
  } catch (const Refused& error) {
    EXPECT_THAT(error.to_string(), HasSubstr("process " + std::to_string(::getpid())));
  }
  storage_.reset();
  open();
}

TEST_P(FolderStorageTest, ReadersNeedNoLockAndChangeNothing) {
  put("a/b", "content", with_large_metadata());
  FolderOptions options = options_;
  options.read_only = true;
  auto reader = open_folder_storage(context_, options);
  EXPECT_EQ(get_bytes(*reader, context_, {"bucket", "a/b"}, 100), "content");
  EXPECT_EQ(reader->head(context_, {"bucket", "a/b"}, {}).attributes.metadata.size(), 1u);
  put("a/c", "later");
  EXPECT_EQ(reader->list(context_, {.bucket = "bucket"}).objects.size(), 2u);
  EXPECT_THROW(put_bytes(*reader, context_, {"bucket", "x"}, "x"), Refused);
  EXPECT_THROW(reader->remove(context_, "bucket", {{"a/b"}}), Refused);
  EXPECT_THROW(reader->copy(context_, {"bucket", "a/b"}, {"bucket", "x"}, {}), Refused);
  EXPECT_THROW(reader->buckets()->create(context_, "another"), Refused);
  EXPECT_THROW(reader->multipart()->create(context_, {"bucket", "x"}, {}, {}), Refused);
}

TEST_P(FolderStorageTest, AFolderThatIsNotThereIsNotReadable) {
  FolderOptions options = options_;
  options.root = place_.path() / "nowhere";
  options.read_only = true;
  EXPECT_THROW(open_folder_storage(context_, options), NotFound);
  EXPECT_FALSE(fs::exists(options.root));
  options.read_only = false;
  options.root = place_.path() / "no/parent";
  EXPECT_THROW(open_folder_storage(context_, options), NotFound);
}

TEST_P(FolderStorageTest, APlainFolderCanBeReadWithoutBecomingOurs) {
  FolderOptions options = options_;
  options.root = place_.path() / "plain";
  options.read_only = true;
  write_by_hand(options.root / "some-bucket/key", "x");
  auto reader = open_folder_storage(context_, options);
  EXPECT_EQ(get_bytes(*reader, context_, {"some-bucket", "key"}, 10), "x");
  EXPECT_TRUE(reader->multipart()->uploads(context_, {.bucket = "some-bucket"}).uploads.empty());
  EXPECT_FALSE(fs::exists(options.root / ".hf~sys"));
}

TEST_P(FolderStorageTest, AnotherFormatIsRefused) {
  storage_.reset();
  std::ofstream(root_ / ".hf~sys/format") << "holdfast folder 2\nsomething new\n";
  EXPECT_THROW(open_folder_storage(context_, options_), Refused);
  options_.read_only = true;
  EXPECT_THROW(open_folder_storage(context_, options_), Refused);
}

TEST_P(FolderStorageTest, LeftoversOfDeadProcessesAreRemoved) {
  put("object", "x");
  storage_.reset();
  write_by_hand(root_ / ".hf~sys/tmp/123", "half a body");
  write_by_hand(root_ / ".hf~sys/tmp/124/.hf~self", "half a folder");
  open();
  expect_tidy();
  EXPECT_EQ(get("object"), "x");
}

TEST_P(FolderStorageTest, FoldersComeAndGoWithTheirObjects) {
  put("a/b/c/d", "x");
  put("a/e", "x");
  remove_one(*storage_, context_, {"bucket", "a/b/c/d"});
  EXPECT_FALSE(fs::exists(path_of("a/b")));
  EXPECT_TRUE(fs::exists(path_of("a/e")));
  remove_one(*storage_, context_, {"bucket", "a/e"});
  EXPECT_FALSE(fs::exists(path_of("a")));
  PutRequest request;
  request.condition.must_exist = true;
  EXPECT_THROW(put("new/folder/key", "x", request), PreconditionFailed);
  EXPECT_FALSE(fs::exists(path_of("new"))) << "made for nothing";
}

TEST_P(FolderStorageTest, LargeLabelsComeAndGoWithTheirObjects) {
  std::size_t none = side_files();
  put("a", "1", with_large_metadata());
  put("a", "2", with_large_metadata('n'));
  EXPECT_EQ(side_files(), none + 1);
  EXPECT_EQ(head("a").attributes.metadata.at("large"), std::string(500, 'n'));
  copy("a", "b");
  put("a", "3");
  EXPECT_EQ(head("b").attributes.metadata.at("large"), std::string(500, 'n'));
  remove_one(*storage_, context_, {"bucket", "a"});
  remove_one(*storage_, context_, {"bucket", "b"});
  EXPECT_EQ(side_files(), none);
  expect_tidy();
}

TEST_P(FolderStorageTest, ALostSideFileIsCorruption) {
  put("object", "x", with_large_metadata());
  for (const auto& entry : fs::recursive_directory_iterator(root_ / ".hf~sys/labels")) {
    if (!entry.is_directory()) std::ofstream(entry.path()) << "damaged";
  }
  EXPECT_THROW(get("object"), Corrupt);
  EXPECT_THROW(head("object"), Corrupt);
  EXPECT_THAT(keys(), ElementsAre("object")) << "a list shows it all the same";
  put("object", "again");
  EXPECT_EQ(get("object"), "again");
}

TEST_P(FolderStorageTest, NotesOfDeadProcessesAreResolved) {
  // A note whose object was published: its label stays. One whose object was not: it goes.
  put("kept", "x", with_large_metadata());
  fs::path label;
  for (const auto& entry : fs::recursive_directory_iterator(root_ / ".hf~sys/labels")) {
    if (!entry.is_directory()) label = entry.path();
  }
  put("gone", "x", with_large_metadata());
  storage_.reset();
  std::size_t labels = side_files();
  write_by_hand(root_ / ".hf~sys/pending" / label.filename(), note_about("kept"));
  for (const auto& entry : fs::recursive_directory_iterator(root_ / ".hf~sys/labels")) {
    if (entry.is_directory() || entry.path() == label) continue;
    write_by_hand(root_ / ".hf~sys/pending" / entry.path().filename(), note_about("gone"));
  }
  fs::remove(path_of("gone"));
  write_by_hand(root_ / ".hf~sys/pending/torn", "");
  open();
  EXPECT_EQ(side_files(), labels - 1);
  EXPECT_EQ(head("kept").attributes.metadata.size(), 1u);
  expect_tidy();
}

TEST_P(FolderStorageTest, SpaceIsKeptFree) {
  options_.reserved_bytes = free_space(root_) + (1 << 20);
  storage_.reset();
  storage_ = open_folder_storage(context_, options_);
  EXPECT_THROW(put("object", "x"), NoSpace);
  EXPECT_THROW(storage_->multipart()->create(context_, {"bucket", "x"}, {}, {}), NoSpace);
  EXPECT_THAT(keys(), ElementsAre());
  expect_tidy();
}

TEST_P(FolderStorageTest, WhatIsKeptFreeIsForLeasesAndRecords) {
  options_.reserved_bytes = free_space(root_) + (1 << 20);
  options_.keys_in_reserve = ".holdfast/";
  storage_.reset();
  storage_ = open_folder_storage(context_, options_);
  put(".holdfast/leases/a.json", "x");
  EXPECT_THROW(put("holdfast/leases/a.json", "x"), NoSpace);
  EXPECT_THROW(put(".holdfast/large", std::string(1 << 20, 'x')), NoSpace);
  EXPECT_THAT(keys(), ElementsAre(".holdfast/leases/a.json"));
  EXPECT_EQ(get(".holdfast/leases/a.json"), "x");
  expect_tidy();
}

TEST_P(FolderStorageTest, MissingPermissionsAreToldWithAdvice) {
  put("dir/object", "x");
  std::string told;
  // As root this thread's accesses to files become those of another user; nobody else can do that.
  std::thread([&] {
    ::setfsuid(65534);
    try {
      put("dir/other", "x");
    } catch (const AccessDenied& error) {
      told = error.to_string();
    } catch (const Error& error) {
      told = std::string("another error: ") + error.to_string();
    }
  }).join();
  EXPECT_THAT(told, HasSubstr(::geteuid() == 0 ? "let holdfast's user own the folder" : ""));
}

}  // namespace
}  // namespace holdfast::storage
