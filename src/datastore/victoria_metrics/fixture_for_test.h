// For tests: a driver over the memory storage, whose requests are noted and can be made to fail.
#pragma once

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <mutex>

#include "datastore/victoria_metrics/testing.h"
#include "datastore/victoria_metrics/with_server.h"
#include "storage/memory/memory_storage.h"
#include "storage/wrap/wrap.h"

namespace holdfast::datastore::vm::testing {

class DriverTest : public ::testing::Test {
 protected:
  DriverTest() {
    storage_ =
        storage::with_faults(storage::make_memory_storage(),
                             [this](std::string_view verb, const storage::ObjectRef& ref) {
                               std::lock_guard lock(mutex_);
                               if (counting_)
                                 requests_.push_back(std::string(verb) + " " + describe(ref));
                               if (fail_) fail_(verb, ref);
                             });
    storage_->buckets()->create(context_, "bucket");
    options_.instance = "victoria-metrics-0";
    options_.bucket = "bucket";
    options_.prefix = "vm";
    options_.transfer.threads = 2;
    use_volume("volume");
    remake();
  }

  // A fresh, empty volume in place of the one before.
  void use_volume(const std::string& name, const std::string& index = "18EA6C7B6710549") {
    volume_ = std::make_unique<Volume>(folder_.path() / name, index);
    script_.volume = volume_.get();
    script_.snapshots.clear();
    options_.data_path = volume_->path();
  }
  Volume& volume() { return *volume_; }

  void remake() {
    store_ = make_with_server(options_, *storage_, std::make_unique<FakeServer>(script_));
  }

  BackupOutcome backup(BackupKind kind = BackupKind::kIncremental) {
    return store_->backup(context_, {kind, "run-1"}, fence_, progress_);
  }
  RestoreOutcome restore(const std::string& name, RestoreMode mode = RestoreMode::kStaged,
                         fs::path scratch = {}) {
    RestorePlan plan = store_->plan(context_, {name, mode, scratch, false});
    return store_->restore(context_, plan, progress_);
  }

  // Names of a version's objects, sorted.
  std::vector<std::string> keys_in(const std::string& name) {
    std::vector<std::string> out;
    counting_ = false;
    storage::list_all(
        *storage_, context_, "bucket", name + "/",
        [&](const storage::ObjectInfo& info) { out.push_back(info.key.substr(name.size() + 1)); });
    return out;
  }

  void reset_counts() {
    std::lock_guard lock(mutex_);
    requests_.clear();
    counting_ = true;
  }
  // What was asked since then, sorted.
  std::vector<std::string> requests() {
    std::lock_guard lock(mutex_);
    std::vector<std::string> out = requests_;
    std::sort(out.begin(), out.end());
    return out;
  }

  static std::string describe(const storage::ObjectRef& ref) {
    if (ref.key.ends_with(kMarkerName)) return "marker";
    if (ref.key.ends_with(kManifestName)) return "manifest";
    if (ref.key.ends_with(kCopyName)) return "copy mark";
    if (ref.key.ends_with('/')) return "folder";
    return ref.key.find('/') == std::string::npos ? "root" : "data";
  }

  TemporaryFolder folder_;
  FakeClock clock_{parse_rfc3339("2026-11-22T14:31:20Z")};
  Context context_ = Context::with_clock(clock_);
  std::mutex mutex_;
  bool counting_ = false;
  std::vector<std::string> requests_;
  std::function<void(std::string_view, const storage::ObjectRef&)> fail_;
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<Volume> volume_;
  ServerScript script_;
  VictoriaMetricsOptions options_;
  std::unique_ptr<Datastore> store_;
  OpenFence fence_;
  SilentProgress progress_;
};

}  // namespace holdfast::datastore::vm::testing
