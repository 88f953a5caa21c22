// The threads and the lease of a scheduler, with real clocks, a lease of moments and a storage that
// goes away.
#include "job/scheduler.h"

#include <atomic>
#include <condition_variable>
#include <gtest/gtest.h>
#include <thread>

#include "base/log.h"
#include "storage/memory/memory_storage.h"
#include "storage/wrap/wrap.h"

namespace holdfast::job {
namespace {

using namespace std::chrono_literals;

constexpr const char* kEverySecond = "* * * * * * *";
constexpr const char* kFarAway = "0 0 0 1 1 * 2099";

// Its runs end when the test says so.
class GatedRunner : public Runner {
 public:
  RunResult run(const Context&, TaskKind kind, RunCause cause, Progress&) override {
    catalog::RunRecord record;
    record.id = catalog::new_run_id();
    record.store = "clickhouse";
    record.kind = "backup";
    record.task = name_of(kind);
    record.trigger = cause.trigger;
    record.due = cause.due;
    record.started = system_clock().now();
    RunResult result;
    try {
      if (cause.on_begin) cause.on_begin(record);
    } catch (const Error& error) {
      result.not_begun = error.to_string();
      return result;
    }
    std::unique_lock lock(mutex_);
    ++begun_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return is_open_; });
    record.ended = system_clock().now();
    record.outcome = "success";
    result.record = record;
    return result;
  }
  void wait_until_begun() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_ > 0; });
  }
  void open() {
    std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  int begun() {
    std::lock_guard lock(mutex_);
    return begun_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  int begun_ = 0;
};

class SchedulerTest : public ::testing::Test {
 protected:
  SchedulerTest() {
    log::set_level(log::Level::kError);
    storage_ = storage::with_faults(storage::make_memory_storage(),
                                    [this](std::string_view verb, const storage::ObjectRef& ref) {
                                      if (ref.key.ends_with(".scheduler.json")) ++lease_calls_;
                                      if (ref.key.ends_with(".summary.json")) ++summary_calls_;
                                      if (away_) throw Unavailable(std::string(verb), "it is away");
                                    });
    storage_->buckets()->create(Context::background(), "catalog");
  }

  std::unique_ptr<Scheduler> make(const char* schedule, Runner& changes, Runner& checks) {
    StorePlan plan{"clickhouse", {}};
    plan.tasks.push_back({TaskKind::kFull,
                          schedule::parse(schedule::Dialect::kCronexpr, schedule),
                          Zone::utc(),
                          {}});
    SchedulerOptions options;
    options.store.catalog = {"catalog", ".holdfast/"};
    options.lease.time_to_live = 900ms;
    options.lease.longest_request = 300ms;
    options.refresh_every = 50ms;
    return std::make_unique<Scheduler>(
        Context::background(),
        std::vector<ScheduledStore>{{plan, storage_.get(), &changes, &checks}}, options);
  }

  // Threads that rest are woken, so that no test waits for them.
  template <typename Condition>
  ::testing::AssertionResult comes(Scheduler& scheduler, Condition condition) {
    for (int i = 0; i < 3000; ++i) {
      if (condition()) return ::testing::AssertionSuccess();
      scheduler.wake();
      Context::background().sleep(10ms, "wait for the scheduler");
    }
    return ::testing::AssertionFailure() << "it never came";
  }
  static bool leads(Scheduler& scheduler) { return scheduler.store("clickhouse").leads(); }
  std::vector<catalog::RunRecord> records() {
    return catalog::read_records(Context::background(), *storage_, {"catalog", ".holdfast/"},
                                 "clickhouse", 100);
  }

  std::atomic<bool> away_{false};
  std::atomic<int> lease_calls_{0}, summary_calls_{0};
  std::unique_ptr<storage::Storage> storage_;
  GatedRunner runner_, checks_;
};

TEST_F(SchedulerTest, LeadsAgainAfterAnOutageLongerThanItsLease) {
  const auto scheduler = make(kFarAway, runner_, checks_);
  scheduler->start();
  ASSERT_TRUE(comes(*scheduler, [&] { return leads(*scheduler); }));
  away_ = true;
  ASSERT_TRUE(comes(*scheduler, [&] { return !leads(*scheduler); }));
  // Its lease could not be given back either: it has gone on to read again.
  const int before = summary_calls_;
  ASSERT_TRUE(comes(*scheduler, [&] { return summary_calls_ > before + 2; }));
  away_ = false;
  EXPECT_TRUE(comes(*scheduler, [&] { return leads(*scheduler); }));
}

TEST_F(SchedulerTest, HoldsItsLeaseUntilTheLastRunHasEnded) {
  const auto first = make(kEverySecond, runner_, checks_);
  first->start();
  ASSERT_TRUE(comes(*first, [&] { return runner_.begun() > 0; }));
  std::thread stopping([&] { first->stop(1h); });
  GatedRunner others, other_checks;
  others.open();
  const auto second = make(kEverySecond, others, other_checks);
  const int before = lease_calls_;
  second->start();
  // Longer than the lease lives: it is renewed all the time.
  const SteadyTime end = system_clock().steady() + 2s;
  ASSERT_TRUE(
      comes(*second, [&] { return lease_calls_ > before + 10 && system_clock().steady() > end; }));
  EXPECT_FALSE(leads(*second));
  runner_.open();
  stopping.join();
  EXPECT_TRUE(comes(*second, [&] { return others.begun() > 0; }));
  second->stop(1h);
  for (const catalog::RunRecord& record : records()) EXPECT_NE(record.outcome, "interrupted");
}

}  // namespace
}  // namespace holdfast::job
