// The folder backend is killed before and after every operation that changes a file, and each of
// those is made to fail: what was acknowledged is there and whole, what was not is there whole or
// not at all, nothing is left lying about, and work goes on.
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "folder_script.h"
#include "storage/folder/folder_storage.h"
#include "support/test_folder.h"

namespace holdfast::storage {
namespace {

struct Outcome {
  bool killed = false;
  int code = -1;
  std::string text() const { return killed ? "killed" : "exit " + std::to_string(code); }
};

struct TracedOperation {
  long number = 0;
  std::string text;  // kind and subject
};

// For the others the moment before is the moment after the operation before.
bool changes_names(const std::string& operation) {
  for (const char* kind : {"file.rename", "file.exchange", "file.link", "file.remove"}) {
    if (operation.starts_with(kind)) return true;
  }
  return false;
}

std::size_t files_below(const fs::path& path) {
  std::size_t count = 0;
  if (!fs::exists(path)) return 0;
  for (const auto& entry : fs::recursive_directory_iterator(path)) count += !entry.is_directory();
  return count;
}

class FolderCrashTest : public testing::TestWithParam<const char*> {
 protected:
  // A fresh folder for each kill.
  void begin() {
    place_ = std::make_unique<TemporaryFolder>(place_for_folders());
    root_ = place_->path() / "root";
    log_ = place_->path() / "log";
    trace_ = place_->path() / "trace";
  }

  Outcome run(const char* variable, const std::string& value, std::size_t first, int tries) {
    std::string root = root_, log = log_, trace = trace_, from = std::to_string(first),
                most = std::to_string(tries);
    pid_t child = ::fork();
    if (child == 0) {
      ::setenv("HOLDFAST_TRACE_OPERATIONS", trace.c_str(), 1);
      if (variable) ::setenv(variable, value.c_str(), 1);
      if (!std::freopen("/dev/null", "w", stderr)) ::_exit(3);
      ::execl(FOLDER_WORKLOAD, "folder_workload", root.c_str(), GetParam(), log.c_str(),
              from.c_str(), most.c_str(), nullptr);
      ::_exit(3);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
            WIFEXITED(status) ? WEXITSTATUS(status) : -1};
  }

  std::vector<TracedOperation> trace() {
    begin();
    EXPECT_EQ(run(nullptr, "", 0, 1).code, 0);
    return traced();
  }

  // What the last run did. Runs differ a little: names are random, so that folders of them are made
  // at one time or another.
  std::vector<TracedOperation> traced() {
    std::vector<TracedOperation> operations;
    std::ifstream lines(trace_);
    for (std::string line; std::getline(lines, line);) {
      std::size_t blank = line.find(' ');
      operations.push_back({std::stol(line.substr(0, blank)), line.substr(blank + 1)});
    }
    return operations;
  }

  std::size_t steps_done() {
    std::ifstream lines(log_);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) ++count;
    return count;
  }

  std::unique_ptr<Storage> open() {
    FolderOptions options{.root = root_, .min_part_size = 1, .reserved_bytes = 0};
    if (std::string(GetParam()) == "files") options.labels = LabelPlace::kFiles;
    return open_folder_storage(context_, options);
  }

  static ScriptModel model_after(std::size_t steps) {
    ScriptModel model;
    std::vector<ScriptStep> script = folder_script();
    for (std::size_t i = 0; i < std::min(steps, script.size()); ++i) apply_step(script[i], model);
    return model;
  }

  std::optional<ScriptObject> read(Storage& storage, const std::string& key) {
    try {
      ObjectInfo info;
      ScriptObject object;
      object.bytes = get_bytes(storage, context_, {kScriptBucket, key}, 1 << 20, {}, &info);
      auto mark = info.attributes.metadata.find("mark");
      if (mark != info.attributes.metadata.end()) object.mark = mark->second;
      return object;
    } catch (const NotFound&) {
      return std::nullopt;
    }
  }

  // Every key is as after `done` steps, or as after one more.
  void check(Storage& storage, std::size_t done, const std::string& hit) {
    ScriptModel before = model_after(done), after = model_after(done + 1), found;
    ScriptModel all = before;
    all.insert(after.begin(), after.end());
    auto in = [](const ScriptModel& model, const std::string& key) {
      auto place = model.find(key);
      return place == model.end() ? std::nullopt : std::optional<ScriptObject>(place->second);
    };
    for (const auto& [key, unused] : all) {
      auto object = read(storage, key);
      if (object) found[key] = *object;
      EXPECT_TRUE(object == in(before, key) || object == in(after, key))
          << hit << ": '" << key << "' is " << (object ? "another one" : "missing");
    }
    ScriptModel listed;
    list_all(storage, context_, kScriptBucket, "", [&](const ObjectInfo& info) {
      EXPECT_TRUE(found.contains(info.key)) << hit << ": listed, but not there: " << info.key;
      listed[info.key] = {};
    });
    EXPECT_EQ(listed.size(), found.size()) << hit << ": the list is not complete";
  }

  void expect_tidy(const std::string& hit) {
    for (const char* name : {"tmp", "pending"}) {
      EXPECT_EQ(files_below(root_ / ".hf~sys" / name), 0u) << hit << ": left in " << name;
    }
  }

  // A copy's time lies beside the object: never without one.
  void expect_links_have_objects(Storage& storage, const std::string& hit) {
    std::set<std::string> names;
    list_all(storage, context_, kScriptBucket, "",
             [&](const ObjectInfo& info) { names.insert(fs::path(info.key).filename()); });
    const fs::path links = root_ / ".hf~sys" / "links";
    for (const auto& entry : fs::recursive_directory_iterator(links)) {
      if (entry.is_directory()) continue;
      EXPECT_TRUE(names.contains(entry.path().filename()))
          << hit << ": the time of a copy that is not there: " << entry.path().filename();
    }
  }

  // All objects are removed; then nothing at all may be left.
  void clear(Storage& storage, const std::string& hit) {
    for (const UploadInfo& upload :
         storage.multipart()->uploads(context_, {.bucket = kScriptBucket}).uploads) {
      storage.multipart()->abort(context_, {kScriptBucket, upload.key}, upload.upload_id);
    }
    std::vector<RemoveTarget> targets;
    list_all(storage, context_, kScriptBucket, "",
             [&](const ObjectInfo& info) { targets.push_back({info.key, std::nullopt}); });
    storage.remove(context_, kScriptBucket, targets);
    expect_tidy(hit);
    for (const char* name : {"labels", "links", "uploads"}) {
      EXPECT_EQ(files_below(root_ / ".hf~sys" / name), 0u) << hit << ": left in " << name;
    }
    storage.buckets()->remove(context_, kScriptBucket);
  }

  std::unique_ptr<TemporaryFolder> place_;
  fs::path root_, log_, trace_;
  Context context_ = Context::background();
};

INSTANTIATE_TEST_SUITE_P(Labels, FolderCrashTest, testing::Values("attributes", "files"),
                         [](const auto& place) { return std::string(place.param); });

TEST_P(FolderCrashTest, KilledAtEveryOperation) {
  std::vector<TracedOperation> operations = trace();
  ASSERT_GT(operations.size(), 200u);
  for (const TracedOperation& operation : operations) {
    for (const char* when : {"before", "after"}) {
      if (std::string(when) == "before" && !changes_names(operation.text)) continue;
      begin();
      Outcome outcome =
          run("HOLDFAST_KILL_AT", std::to_string(operation.number) + ":" + when, 0, 1);
      auto last = traced();
      const std::string hit = "killed " + std::string(when) + " operation " +
                              std::to_string(operation.number) + ", " +
                              (last.empty() ? "none" : last.back().text);
      bool over = outcome.code == 0 && operation.number > long(last.size());
      ASSERT_TRUE(outcome.killed || over) << hit << ": " << outcome.text();
      std::size_t done = steps_done();
      std::printf("%s, in step %zu\n", hit.c_str(), done);
      {
        auto storage = open();
        expect_tidy(hit);
        if (fs::exists(root_ / kScriptBucket)) {
          check(*storage, done, hit);
          expect_links_have_objects(*storage, hit);
        }
      }
      outcome = run(nullptr, "", done, 1);
      ASSERT_EQ(outcome.code, 0) << hit << ": work does not go on: " << outcome.text();
      auto storage = open();
      check(*storage, folder_script().size(), hit);
      clear(*storage, hit);
      if (HasFailure()) return;
    }
  }
}

TEST_P(FolderCrashTest, EveryOperationFailsOnce) {
  std::vector<TracedOperation> operations = trace();
  for (const TracedOperation& operation : operations) {
    begin();
    const char* kind = operation.number % 2 == 0 ? "no_space" : "failed";
    const std::string hit = std::string(kind) + " at operation " +
                            std::to_string(operation.number) + ", " + operation.text;
    std::printf("%s\n", hit.c_str());
    Outcome outcome = run("HOLDFAST_FAIL_AT", std::to_string(operation.number) + "=" + kind, 0, 2);
    ASSERT_EQ(outcome.code, 0) << hit << ": " << outcome.text();
    auto storage = open();
    check(*storage, folder_script().size(), hit);
    clear(*storage, hit);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace holdfast::storage
