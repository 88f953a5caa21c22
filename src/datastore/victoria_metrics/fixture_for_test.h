// For tests: a driver over the memory storage, whose requests are noted and can be made to fail.
#pragma once

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <mutex>

#include "datastore/victoria_metrics/testing.h"
#include "datastore/victoria_metrics/with_server.h"
#include "storage/memory/memory_storage.h"
#include "storage/wrap/intercept.h"

namespace holdfast::datastore::vm::testing {

// Sees every request, and may make it fail before or after it took effect.
struct Hooks : storage::Interceptor {
  std::function<void(std::string_view verb, const storage::ObjectRef&)> before, after;
  void around(std::string_view verb, storage::Effect, const storage::ObjectRef& ref,
              const std::function<void()>& call) override {
    if (before) before(verb, ref);
    call();
    if (after) after(verb, ref);
  }
};

// A fence that closes after so many checks.
class ClosingFence : public Fence {
 public:
  explicit ClosingFence(int open_for) : open_for_(open_for) {}
  void check() override {
    if (open_for_-- <= 0) throw Refused("commit", "the lease is lost");
  }

 private:
  int open_for_;
};

class DriverTest : public ::testing::Test {
 protected:
  DriverTest() {
    hooks_->before = [this](std::string_view verb, const storage::ObjectRef& ref) {
      std::lock_guard lock(mutex_);
      if (counting_) requests_.push_back(std::string(verb) + " " + describe(ref));
      if (fail_) fail_(verb, ref);
    };
    storage_ = storage::intercept(storage::make_memory_storage(), hooks_);
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

  // What vmbackup would leave in that folder: no manifest of ours is written, one that is there
  // stays.
  void vmbackup(const std::string& name, std::string_view marker = "ok") {
    for (const std::string& key : keys_in(name)) {
      if (key != kManifestName)
        storage::remove_one(*storage_, context_, {"bucket", name + "/" + key});
    }
    for (const auto& [file, content] : files_in(volume_->path())) {
      for_each_piece(file, content.size(), [&](const Piece& piece) {
        storage::put_bytes(*storage_, context_, {"bucket", name + "/" + piece.name()},
                           std::string_view(content).substr(piece.offset, piece.size));
      });
    }
    put(name, kMarkerName, marker);
  }
  void put(const std::string& folder, std::string_view name, std::string_view content) {
    storage::put_bytes(*storage_, context_, {"bucket", folder + "/" + std::string(name)}, content);
  }
  std::string get(const std::string& folder, std::string_view name) {
    return storage::get_bytes(*storage_, context_, {"bucket", folder + "/" + std::string(name)},
                              1 << 30);
  }
  void erase(const std::string& folder, std::string_view name) {
    storage::remove_one(*storage_, context_, {"bucket", folder + "/" + std::string(name)});
  }
  // The first object of that version whose name holds `text`.
  std::string key_with(const std::string& folder, const std::string& text) {
    for (const std::string& key : keys_in(folder)) {
      if (key.find(text) != std::string::npos) return key;
    }
    throw NotFound("find an object with " + text);
  }
  // What that version restores to, in a folder of its own.
  Files restored(const std::string& name) {
    TemporaryFolder scratch(folder_.path());
    restore(name, RestoreMode::kScratch, scratch.path() / "data");
    return files_in(scratch.path() / "data");
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

  // Memory in place of a disk where there is any: hundreds of runs sync thousands of files.
  TemporaryFolder folder_{fs::is_directory("/dev/shm") ? fs::path("/dev/shm")
                                                       : fs::temp_directory_path()};
  FakeClock clock_{parse_rfc3339("2026-11-22T14:31:20Z")};
  Context context_ = Context::with_clock(clock_);
  std::mutex mutex_;
  bool counting_ = false;
  std::vector<std::string> requests_;
  std::function<void(std::string_view, const storage::ObjectRef&)> fail_;
  std::shared_ptr<Hooks> hooks_ = std::make_shared<Hooks>();
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<Volume> volume_;
  ServerScript script_;
  VictoriaMetricsOptions options_;
  std::unique_ptr<Datastore> store_;
  OpenFence fence_;
  SilentProgress progress_;
};

}  // namespace holdfast::datastore::vm::testing
