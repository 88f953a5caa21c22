// A machine for tests of schedules: a clock that the test moves, a storage that can be away or die,
// and a store whose backups are names.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/civil.h"
#include "base/clock.h"
#include "job/engine.h"
#include "job/task.h"
#include "storage/memory/memory_storage.h"
#include "storage/wrap/wrap.h"

namespace holdfast::job {

// The thread that made it moves it, also by waiting; all others wait until they are notified.
class SimulatedClock : public Clock {
 public:
  explicit SimulatedClock(WallTime start) : now_(start) {}
  WallTime now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  SteadyTime steady() const override {
    std::lock_guard lock(mutex_);
    return steady_;
  }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
            SteadyTime until) override {
    if (std::this_thread::get_id() != owner_) {
      condition.wait(lock);
      return;
    }
    const Duration left = until - steady();
    if (left > Duration::zero()) advance(left);
  }
  void advance(Duration by) {
    std::lock_guard lock(mutex_);
    now_ += std::chrono::duration_cast<WallTime::duration>(by);
    steady_ = steady_ + by;
  }
  void jump_wall(Duration by) {
    std::lock_guard lock(mutex_);
    now_ += std::chrono::duration_cast<WallTime::duration>(by);
  }

 private:
  const std::thread::id owner_ = std::this_thread::get_id();
  mutable std::mutex mutex_;
  WallTime now_;
  SteadyTime steady_{std::chrono::hours(1)};
};

// What all stores of a machine share. `dead`: nothing of this process reaches the storage any more.
struct SimulatedStorage {
  SimulatedStorage() {
    storage = storage::with_faults(storage::make_memory_storage(),
                                   [this](std::string_view verb, const storage::ObjectRef&) {
                                     if (dies_after > 0 && --dies_after == 0) dead = true;
                                     if (dead || away) {
                                       throw Unavailable(std::string(verb), "the network is down");
                                     }
                                   });
  }
  bool dead = false, away = false;
  int dies_after = 0;  // so many more calls; 0: it does not
  std::unique_ptr<storage::Storage> storage;
};

// Names that come and go. It takes time, and fails now and then.
class SimulatedStore : public datastore::Datastore {
 public:
  enum class Rules { kNames, kSnapshots, kChains, kCopies };

  SimulatedStore(std::string name, Rules rules, SimulatedClock& clock, std::mt19937_64& random)
      : name_(std::move(name)), rules_(rules), clock_(clock), random_(random) {}

  const std::string& store() const override { return name_; }
  std::vector<datastore::BackupEntry> list(const Context&) override { return entries; }

  datastore::BackupOutcome backup(const Context&, const datastore::BackupRequest& request,
                                  Fence& fence, Progress&) override {
    fence.check();
    const WallTime begin = clock_.now();
    const auto chance = random_() % 1000;
    clock_.advance(std::chrono::seconds(chance < 5 ? 7200 + random_() % 10'000 : random_() % 120));
    if (chance < 5 && on_long_run) on_long_run(begin, clock_.now());
    if (chance >= 990) throw Unavailable("simulated store", "it does not answer");
    datastore::BackupEntry entry;
    entry.complete = true;
    entry.started = begin;
    entry.completed = clock_.now();
    describe(entry, request.kind);
    entries.push_back(entry);
    datastore::BackupOutcome outcome;
    outcome.name = entry.name;
    return outcome;
  }
  datastore::RestorePlan plan(const Context&, const datastore::PlanRequest&) override { return {}; }
  datastore::RestoreOutcome restore(const Context&, const datastore::RestorePlan&,
                                    Progress&) override {
    return {};
  }
  datastore::VerifyReport verify(const Context&, const datastore::VerifyRequest&,
                                 Progress&) override {
    return {};
  }
  datastore::Measurement measure(const Context&, const datastore::MeasureTarget&) override {
    return {};
  }
  std::optional<datastore::Measurement> recorded(const Context&, const std::string&) override {
    return std::nullopt;
  }
  void remove(const Context&, const std::string& name, Fence& fence) override {
    fence.check();
    std::erase_if(entries, [&](const auto& entry) { return entry.name == name; });
  }
  std::vector<std::string> recover(const Context&) override { return {}; }

  std::vector<datastore::BackupEntry> entries;
  // On the test's one thread a run of hours holds up all stores.
  std::function<void(WallTime, WallTime)> on_long_run;
  Rules rules() const { return rules_; }

 private:
  void describe(datastore::BackupEntry& entry, datastore::BackupKind kind) {
    const std::string stamp = format_compact(*entry.started);
    switch (rules_) {
      case Rules::kNames:
        entry.name = "export-" + stamp + "-" + std::to_string(++count_);
        entry.details["date"] = stamp;
        break;
      case Rules::kSnapshots:
        entry.name = "snapshot-" + stamp + "-" + std::to_string(++count_);
        entry.details = {{"state", "SUCCESS"}, {"policy", "auto"}};
        break;
      case Rules::kChains:
        entry.name = (kind == datastore::BackupKind::kFull ? "full-" : "incremental-") + stamp +
                     "-" + std::to_string(++count_);
        if (kind != datastore::BackupKind::kFull && !entries.empty()) {
          entry.parent = entries.back().name;
        }
        break;
      case Rules::kCopies:
        entry.kind = kind == datastore::BackupKind::kDatedCopy ? "copy" : "version";
        entry.name = entry.kind + "-" + stamp + "-" + std::to_string(++count_);
        if (entry.kind == "version") {
          std::erase_if(entries, [](const auto& one) { return one.kind == "version"; });
        }
        break;
    }
  }

  std::string name_;
  Rules rules_;
  SimulatedClock& clock_;
  std::mt19937_64& random_;
  int count_ = 0;
};

// What the rules leave of these, told in the plainest way: names, in order. The limits are those
// that the simulated year sets.
inline std::vector<std::string> left_by_rules(SimulatedStore::Rules rules,
                                              const std::vector<datastore::BackupEntry>& entries,
                                              WallTime now) {
  using std::chrono::hours;
  const auto month = hours(30 * 24);
  const std::size_t count = entries.size();
  std::set<std::string> kept;
  std::set<std::int64_t> weeks;
  std::size_t copies = 0;
  for (std::size_t age = 0; age < count; ++age) {  // 0: the newest
    const datastore::BackupEntry& entry = entries[count - 1 - age];
    switch (rules) {
      case SimulatedStore::Rules::kNames:
        if (age == 0 || entry.details.at("date") >= format_compact(now - month)) {
          kept.insert(entry.name);
        }
        break;
      case SimulatedStore::Rules::kSnapshots:
        if (age < 30 && (age < 5 || now - *entry.started <= month)) kept.insert(entry.name);
        break;
      case SimulatedStore::Rules::kChains:
        if (age < 308 || kept.contains(entry.name)) {
          kept.insert(entry.name);
          kept.insert(entry.parent);
        }
        break;
      case SimulatedStore::Rules::kCopies: {
        const std::int64_t week =
            std::chrono::floor<std::chrono::seconds>(*entry.started).time_since_epoch().count() /
            604'800;
        const bool is_copy = entry.kind == "copy";
        if (!is_copy || copies++ < 7 || (weeks.size() < 4 && weeks.insert(week).second)) {
          kept.insert(entry.name);
        }
        break;
      }
    }
  }
  std::vector<std::string> names;
  for (const datastore::BackupEntry& entry : entries) {
    if (kept.contains(entry.name)) names.push_back(entry.name);
  }
  return names;
}

}  // namespace holdfast::job
