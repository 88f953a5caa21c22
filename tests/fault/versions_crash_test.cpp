// The folder is killed after (which is before the next) every operation that changes a file while
// versions come and go: what was acknowledged is there, the step that was cut off was done whole or
// not at all, and nothing is left lying about.
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/folder/folder_storage.h"
#include "support/test_folder.h"
#include "versions_script.h"

namespace holdfast::storage {
namespace {

std::size_t lines_in(const fs::path& path) {
  std::ifstream lines(path);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) ++count;
  return count;
}

std::size_t files_below(const fs::path& path) {
  std::size_t count = 0;
  if (!fs::exists(path)) return 0;
  for (const auto& entry : fs::recursive_directory_iterator(path)) count += !entry.is_directory();
  return count;
}

class VersionsCrashTest : public testing::TestWithParam<const char*> {
 protected:
  void begin() {
    place_ = std::make_unique<TemporaryFolder>(place_for_folders());
    root_ = place_->path() / "root";
    log_ = place_->path() / "log";
    trace_ = place_->path() / "trace";
  }

  // The child's status, as waitpid() tells it.
  int run(const std::string& kill_at, std::size_t first) {
    const std::string from = std::to_string(first);
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("HOLDFAST_TRACE_OPERATIONS", trace_.c_str(), 1);
      if (!kill_at.empty()) ::setenv("HOLDFAST_KILL_AT", kill_at.c_str(), 1);
      ::execl(VERSIONS_WORKLOAD, "versions_workload", root_.c_str(), GetParam(), log_.c_str(),
              from.c_str(), nullptr);
      ::_exit(3);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }

  std::unique_ptr<Storage> open() {
    FolderOptions options{.root = root_, .min_part_size = 1, .reserved_bytes = 0};
    if (std::string(GetParam()) == "files") options.labels = LabelPlace::kFiles;
    return open_folder_storage(context_, options);
  }

  void expect_tidy(const std::vector<const char*>& folders, const std::string& hit) {
    for (const char* name : folders) {
      EXPECT_EQ(files_below(root_ / ".hf~sys" / name), 0u) << hit << ": left in " << name;
    }
  }

  // How many steps the folder's state shows to be done: `done`, or one more.
  std::size_t check(std::size_t done, const std::string& hit) {
    auto storage = open();
    expect_tidy({"tmp", "pending", "removals"}, hit);
    if (!fs::exists(root_ / kVersionsBucket)) return 0;
    const VersionsModel found = read_model(*storage, context_);
    std::vector<std::string> keys, current;
    list_all(*storage, context_, kVersionsBucket, "",
             [&](const ObjectInfo& object) { keys.push_back(object.key); });
    for (const auto& [key, versions] : found) {
      if (!versions.front().marker) current.push_back(key);
    }
    EXPECT_EQ(keys, current) << hit << ": the lists disagree";
    if (found == model_after(done)) return done;
    EXPECT_EQ(found, model_after(done + 1)) << hit;
    return done + 1;
  }

  void clear(const std::string& hit) {
    auto storage = open();
    for (const auto& upload :
         storage->multipart()->uploads(context_, {.bucket = kVersionsBucket}).uploads) {
      storage->multipart()->abort(context_, {kVersionsBucket, upload.key}, upload.upload_id);
    }
    for (const VersionInfo& each :
         storage->versions()->list(context_, {.bucket = kVersionsBucket}).versions) {
      storage->remove(context_, kVersionsBucket,
                      {{.key = each.object.key, .version = each.object.version}});
    }
    storage->buckets()->remove(context_, kVersionsBucket);
    expect_tidy(
        {"tmp", "pending", "removals", "records", "old", "labels", "links", "uploads", "buckets"},
        hit);
  }

  std::unique_ptr<TemporaryFolder> place_;
  fs::path root_, log_, trace_;
  Context context_ = Context::background();
};

INSTANTIATE_TEST_SUITE_P(Labels, VersionsCrashTest, testing::Values("attributes", "files"),
                         [](const auto& place) { return std::string(place.param); });

TEST_P(VersionsCrashTest, KilledAtEveryOperation) {
  begin();
  ASSERT_EQ(run("", 0), 0);
  const std::size_t operations = lines_in(trace_);
  ASSERT_GT(operations, 200u);
  for (std::size_t number = 1; number <= operations; ++number) {
    begin();
    const std::string hit = "after operation " + std::to_string(number);
    const int status = run(std::to_string(number) + ":after", 0);
    ASSERT_TRUE(WIFSIGNALED(status) || status == 0) << hit;
    const std::size_t done = check(lines_in(log_), hit);
    ASSERT_FALSE(HasFailure()) << hit;
    ASSERT_EQ(run("", done), 0) << hit << ": work does not go on";
    EXPECT_EQ(check(versions_script().size(), hit), versions_script().size()) << hit;
    clear(hit);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace holdfast::storage
