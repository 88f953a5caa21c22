// The scheduler of a process: for each of its stores a thread that holds the store's scheduler
// lease
// (`leases/STORE.scheduler.json`), and one for each lane of work. Of two processes for one store
// one leads and the other stands by.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "job/store_scheduler.h"

namespace holdfast::job {

struct SchedulerOptions {
  StoreSchedulerOptions store;
  catalog::LeaseOptions lease;  // of schedulers; its purpose and how long to wait are filled in
  // On a storage without conditional writes two schedulers would not see each other: only --single
  // allows one there.
  bool single = false;
  Duration refresh_every = std::chrono::seconds(30);
  // Called after each refresh of a store, with what people were told of it.
  std::function<void(const StoreStatus&, const std::map<std::string, std::string>& told)> on_status;
};

// What one store needs. Everything is borrowed and lives longer than the scheduler.
struct ScheduledStore {
  StorePlan plan;
  storage::Storage* storage = nullptr;  // of the catalog
  Runner* changes = nullptr;
  Runner* checks = nullptr;  // another one: both work at the same time
};

class Scheduler {
 public:
  // Runs are cancelled with the context.
  Scheduler(const Context& context, std::vector<ScheduledStore> stores, SchedulerOptions options);
  // stop(), with no grace.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  void start();
  // Starts nothing more, and waits for runs that are going; those that take longer than `grace` are
  // cancelled, and begun again by the next process if they are young enough.
  void stop(Duration grace);

  // NotFound: it is none of its stores.
  StoreScheduler& store(const std::string& name);
  // Starts now what was asked for, and looks at the clock.
  void wake();
  std::vector<StoreStatus> status() const;
  // Whether every thread has come round lately, or runs something.
  bool alive() const;

 private:
  struct Worker;
  struct Keeper;
  void work(Worker& worker);
  void keep(Keeper& keeper);
  bool any_runs() const;
  bool lead(Keeper& keeper, const std::string& why);
  bool rest(Duration time);
  template <typename Step>
  void guarded(const Context& context, const char* what, Step step);

  Context context_;
  Context runs_;  // cancelled when the grace is over
  SchedulerOptions options_;
  std::vector<std::unique_ptr<Keeper>> keepers_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::uint64_t woken_ = 0;
};

}  // namespace holdfast::job
