#include "job/scheduler.h"

#include <atomic>
#include <fmt/format.h>
#include <thread>

#include "base/log.h"

namespace holdfast::job {

namespace {

using namespace std::chrono_literals;

// Of the catalog: how soon is tried again.
constexpr Duration kRetry = 10s;
// A thread that has not come round for so long, and runs nothing, hangs.
constexpr Duration kHangs = 10min;
constexpr const char* kNoneWorked = "no scheduler was working for this store";

}  // namespace

struct Scheduler::Keeper {
  Keeper(const Context& runs, const ScheduledStore& given, const StoreSchedulerOptions& options)
      : store(given),
        scheduler(runs, given.plan, *given.storage, options),
        context(runs.named(given.plan.store)) {}
  ScheduledStore store;
  StoreScheduler scheduler;
  Context context;
  std::unique_ptr<catalog::Lease> lease;
  // Another scheduler, or this one before an outage, may live and renew no more.
  catalog::LeaseWatch watch;
  std::atomic<Duration::rep> came_round{0};
  std::thread thread;
};

struct Scheduler::Worker {
  Keeper& keeper;
  Lane lane;
  Runner& runner;
  std::atomic<Duration::rep> came_round{0};
  std::thread thread;
};

Scheduler::Scheduler(const Context& context, std::vector<ScheduledStore> stores,
                     SchedulerOptions options)
    : context_(context.cancellable()), runs_(context.cancellable()), options_(std::move(options)) {
  for (const ScheduledStore& store : stores) {
    if (!store.storage->capabilities().conditional_put && !options_.single) {
      throw Refused(
          "schedule runs of " + store.plan.store,
          "the storage has no conditional writes, so that a second scheduler would not be "
          "seen",
          "give --single if this is the only one");
    }
    keepers_.push_back(std::make_unique<Keeper>(runs_, store, options_.store));
    for (Lane lane : {Lane::kChanges, Lane::kChecks}) {
      Runner& runner = lane == Lane::kChanges ? *store.changes : *store.checks;
      workers_.push_back(std::unique_ptr<Worker>(new Worker{*keepers_.back(), lane, runner}));
    }
  }
}

Scheduler::~Scheduler() { stop(Duration::zero()); }

void Scheduler::start() {
  const Duration::rep now = context_.clock().steady().since_boot.count();
  for (const auto& keeper : keepers_) {
    keeper->came_round = now;
    keeper->thread = std::thread([this, &one = *keeper] { keep(one); });
  }
  for (const auto& worker : workers_) {
    worker->came_round = now;
    worker->thread = std::thread([this, &one = *worker] { work(one); });
  }
}

void Scheduler::stop(Duration grace) {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  // Only runs that have begun go on for the grace.
  context_.cancel();
  const SteadyTime end = context_.clock().steady() + grace;
  {
    std::unique_lock lock(mutex_);
    while (any_runs() && context_.clock().steady() < end) {
      context_.clock().wait(lock, changed_, std::min(end, context_.clock().steady() + 1s));
    }
  }
  runs_.cancel();
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
  for (const auto& keeper : keepers_) {
    if (keeper->thread.joinable()) keeper->thread.join();
    // Not before the last run has ended: the next process would take it for interrupted, and begin
    // it again. Given back then, so that the next process need not wait.
    keeper->scheduler.stand_by();
    keeper->lease.reset();
  }
}

bool Scheduler::any_runs() const {
  for (const StoreStatus& store : status()) {
    for (const Running& running : store.running) {
      if (!running.waits) return true;
    }
  }
  return false;
}

// false: it is time to stop.
bool Scheduler::rest(Duration time) {
  std::unique_lock lock(mutex_);
  const std::uint64_t woken = woken_;
  const SteadyTime end = context_.clock().steady() + time;
  while (!stopping_ && woken == woken_ && context_.clock().steady() < end) {
    context_.clock().wait(lock, changed_, end);
  }
  return !stopping_;
}

// Whatever is thrown in there must not end the thread: the store would never be backed up again.
template <typename Step>
void Scheduler::guarded(const Context& context, const char* what, Step step) {
  try {
    step();
  } catch (const Cancelled&) {
  } catch (const std::exception& error) {
    log::error(context, fmt::format("{}: {}", what, error.what()));
  }
}

void Scheduler::work(Worker& worker) {
  Duration next = Duration::zero();
  do {
    worker.came_round = context_.clock().steady().since_boot.count();
    next = kRetry;
    guarded(worker.keeper.context, "scheduler",
            [&] { next = worker.keeper.scheduler.turn(worker.lane, worker.runner); });
  } while (rest(next));
}

// false: another one leads.
bool Scheduler::lead(Keeper& keeper, const std::string& why) {
  catalog::LeaseOptions lease = options_.lease;
  lease.purpose = "scheduler";
  lease.wait_at_most = options_.refresh_every;
  lease.watch = &keeper.watch;
  try {
    keeper.lease =
        catalog::Lease::acquire(keeper.context, *keeper.store.storage, options_.store.catalog,
                                keeper.store.plan.store + ".scheduler", lease);
  } catch (const Refused& error) {
    log::debug(keeper.context, "stands by: " + error.reason());
    return false;
  }
  try {
    keeper.scheduler.lead(why);
  } catch (const std::exception&) {
    keeper.lease.reset();
    throw;
  }
  log::info(keeper.context, "schedules are followed");
  wake();
  return true;
}

void Scheduler::keep(Keeper& keeper) {
  std::string why = kNoneWorked;
  do {
    keeper.came_round = context_.clock().steady().since_boot.count();
    guarded(keeper.context, "scheduler", [&] {
      if (keeper.lease) {
        try {
          keeper.lease->check();
        } catch (const Refused& error) {
          log::warning(keeper.context, error.to_string());
          keeper.scheduler.stand_by();
          keeper.lease.reset();
          why = "the scheduler's lease was lost: " + error.reason();
        }
      }
      if (keeper.lease && !keeper.scheduler.leads()) keeper.lease.reset();
      keeper.scheduler.refresh();
      if (!keeper.lease && lead(keeper, why)) why = kNoneWorked;
    });
    if (options_.on_status) {
      guarded(keeper.context, "notifications",
              [&] { options_.on_status(keeper.scheduler.status(), keeper.scheduler.told()); });
    }
  } while (rest(keeper.lease ? options_.refresh_every : kRetry));
}

StoreScheduler& Scheduler::store(const std::string& name) {
  for (const auto& keeper : keepers_) {
    if (keeper->store.plan.store == name) return keeper->scheduler;
  }
  throw NotFound("store '" + name.substr(0, 64) + "'", "this scheduler does not work for it");
}

void Scheduler::wake() {
  std::lock_guard lock(mutex_);
  ++woken_;
  changed_.notify_all();
}

std::vector<StoreStatus> Scheduler::status() const {
  std::vector<StoreStatus> all;
  for (const auto& keeper : keepers_) all.push_back(keeper->scheduler.status());
  return all;
}

bool Scheduler::alive() const {
  const Duration now = context_.clock().steady().since_boot;
  for (const auto& keeper : keepers_) {
    if (now - Duration(keeper->came_round.load()) > kHangs) return false;
  }
  for (const auto& worker : workers_) {
    const bool is_at_work = !worker->keeper.scheduler.status().running.empty();
    if (!is_at_work && now - Duration(worker->came_round.load()) > kHangs) return false;
  }
  return true;
}

}  // namespace holdfast::job
