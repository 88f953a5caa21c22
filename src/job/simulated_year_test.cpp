// A year of all stores in three time zones, on a clock that the test moves: crashes, outages,
// clocks that are set and machines that are off. Every due moment ran once or is recorded with the
// reason, and after each prune exactly what the rules say is there.
#include <gtest/gtest.h>

#include "base/log.h"
#include "job/simulation_testing.h"
#include "job/store_scheduler.h"

namespace holdfast::job {
namespace {

using namespace std::chrono_literals;
using schedule::Dialect;

const WallTime kStart = parse_rfc3339("2026-01-01T00:00:00Z");
#ifdef NDEBUG
const WallTime kEnd = parse_rfc3339("2027-01-01T00:00:00Z");
#else
// Sanitizers and unoptimised code take ten times as long: both changes of the clocks, no more.
const WallTime kEnd = parse_rfc3339("2026-04-10T00:00:00Z");
#endif

Task due(TaskKind kind, Dialect dialect, std::string_view text, const Zone& zone) {
  return {kind, schedule::parse(dialect, text), zone, {}};
}

Task after(TaskKind kind, std::vector<TaskKind> others) {
  return {kind, std::nullopt, Zone::utc(), std::move(others)};
}

// Looks after each prune whether exactly that is gone which has to go.
class WatchedRunner : public Runner {
 public:
  WatchedRunner(Engine& engine, SimulatedStore& store, SimulatedClock& clock)
      : runner_(engine), store_(store), clock_(clock) {}
  RunResult run(const Context& context, TaskKind kind, RunCause cause,
                Progress& progress) override {
    const std::vector<datastore::BackupEntry> before = store_.entries;
    RunResult result = runner_.run(context, kind, std::move(cause), progress);
    const bool pruned =
        result.record ? result.record->is_success() : result.not_begun == "there was nothing to do";
    if (kind != TaskKind::kPrune || !pruned) return result;
    const WallTime now = result.record ? result.record->started : clock_.now();
    std::vector<std::string> left;
    for (const auto& entry : store_.entries) left.push_back(entry.name);
    EXPECT_EQ(left, left_by_rules(store_.rules(), before, now))
        << store_.store() << " at " << format_rfc3339(now);
    ++prunes;
    return result;
  }
  int prunes = 0;

 private:
  EngineRunner runner_;
  SimulatedStore& store_;
  SimulatedClock& clock_;
};

// A store with what its runs need, over restarts of the process.
struct Site {
  StorePlan plan;
  EngineOptions options;
  std::unique_ptr<SimulatedStore> store;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<WatchedRunner> runner;
  int prunes = 0;
  // Of the process at hand.
  std::unique_ptr<StoreScheduler> scheduler;
  bool leads = false;
  std::array<SteadyTime, 2> wakes_steady;
};

class SimulatedYear : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  SimulatedYear() : clock_(kStart), context_(Context::with_clock(clock_)), random_(GetParam()) {
    log::set_level(log::Level::kError);
    catalog_.bucket = "catalog";
    storage_.storage->buckets()->create(context_, "catalog");
    const Zone amsterdam = Zone::named("Europe/Amsterdam"),
               new_york = Zone::named("America/New_York"),
               lord_howe = Zone::named("Australia/Lord_Howe");
    const Task verify = due(TaskKind::kVerify, Dialect::kCronexpr, "0 6 * * *", amsterdam);
    const Task drill = due(TaskKind::kDrill, Dialect::kCronexpr, "0 7 * * 0", new_york);
    using Rules = SimulatedStore::Rules;
    Site& graph = add("stackgraph", Rules::kNames,
                      {due(TaskKind::kBackup, Dialect::kKubernetes, "0 3 * * *", lord_howe),
                       after(TaskKind::kPrune, {TaskKind::kBackup}), verify});
    graph.options.keep_named = NamedRetention{"30 days ago", "%Y%m%d%H%M%S", Zone::utc()};
    Site& search = add("elasticsearch", Rules::kSnapshots,
                       {due(TaskKind::kBackup, Dialect::kElasticsearch, "0 0 3 * * ?", Zone::utc()),
                        due(TaskKind::kPrune, Dialect::kElasticsearch, "0 30 1 * * ?", Zone::utc()),
                        verify, drill});
    search.options.keep_snapshots =
        SnapshotRetention{{.expire_after = 30 * 24h, .min_count = 5, .max_count = 30}, "auto"};
    Site& house = add("clickhouse", Rules::kChains,
                      {due(TaskKind::kFull, Dialect::kCronexpr, "45 0 * * *", new_york),
                       due(TaskKind::kIncremental, Dialect::kCronexpr, "45 3-23 * * *", new_york),
                       after(TaskKind::kPrune, {TaskKind::kFull, TaskKind::kIncremental}), verify});
    house.options.keep_chained = 308;
    for (const char* name : {"victoria-metrics-0", "victoria-metrics-1"}) {
      add(name, Rules::kCopies,
          {due(TaskKind::kBackup, Dialect::kCronexpr, "25 * * * *", amsterdam),
           due(TaskKind::kCopy, Dialect::kCronexpr, "0 2 * * *", amsterdam),
           after(TaskKind::kPrune, {TaskKind::kCopy}), verify, drill});
    }
  }

  Site& add(std::string name, SimulatedStore::Rules rules, std::vector<Task> tasks) {
    auto site = std::make_unique<Site>();
    site->store = std::make_unique<SimulatedStore>(name, rules, clock_, random_);
    site->store->on_long_run = [this](WallTime from, WallTime to) { disturb(from, to); };
    site->plan = {std::move(name), std::move(tasks)};
    site->options.catalog = catalog_;
    site->options.lease.wait_at_most = 24h;
    site->options.keep_records = 1000 * 24h;  // the test reads all of them
    sites_.push_back(std::move(site));
    return *sites_.back();
  }

  // --- the machine ---------------------------------------------------------------------------
  void boot() {
    storage_.dead = false;
    for (const auto& site : sites_) {
      site->engine = std::make_unique<Engine>(*site->store, *storage_.storage, site->options);
      if (site->runner) site->prunes += site->runner->prunes;
      site->runner = std::make_unique<WatchedRunner>(*site->engine, *site->store, clock_);
      site->scheduler = std::make_unique<StoreScheduler>(
          context_, site->plan, *storage_.storage, StoreSchedulerOptions{.catalog = catalog_});
      site->leads = false;
      site->wakes_steady = {clock_.steady(), clock_.steady()};
    }
  }
  void shut_down() {
    for (const auto& site : sites_) site->scheduler.reset();
  }

  void turn(Site& site, Lane lane) {
    const auto index = static_cast<std::size_t>(lane);
    Duration rest = 10s;
    try {
      if (!site.scheduler->leads()) site.scheduler->lead("no scheduler was working for this store");
      rest = site.scheduler->turn(lane, *site.runner);
    } catch (const Error&) {
      // The storage is away.
    }
    site.wakes_steady[index] = clock_.steady() + rest;
  }

  // Lets everything work until then, by a clock that never jumps.
  void work_until(SteadyTime end) {
    while (clock_.steady() < end && !storage_.dead) {
      Site* first = nullptr;
      Lane lane = Lane::kChanges;
      for (const auto& site : sites_) {
        for (Lane one : {Lane::kChanges, Lane::kChecks}) {
          const SteadyTime wake = site->wakes_steady[static_cast<std::size_t>(one)];
          if (!first || wake < first->wakes_steady[static_cast<std::size_t>(lane)]) {
            first = site.get();
            lane = one;
          }
        }
      }
      const SteadyTime wake = first->wakes_steady[static_cast<std::size_t>(lane)];
      if (wake >= end) {
        clock_.advance(end - clock_.steady());
        return;
      }
      if (wake > clock_.steady()) clock_.advance(wake - clock_.steady());
      turn(*first, lane);
    }
  }

  Duration between(Duration least, Duration most) {
    const auto range = std::chrono::duration_cast<std::chrono::seconds>(most - least).count();
    return least + std::chrono::seconds(random_() % std::uint64_t(range + 1));
  }

  // Notes that what came due in that stretch of the wall clock may be missed.
  void disturb(WallTime from, WallTime to) { disturbed_.push_back({from - 2h, to + 2h}); }

  void something_happens() {
    const WallTime from = clock_.now();
    switch (random_() % 5) {
      case 0:  // off
        shut_down();
        clock_.advance(between(1min, random_() % 4 == 0 ? Duration(72h) : Duration(3h)));
        boot();
        break;
      case 1:  // killed at some call of the storage
        storage_.dies_after = int(1 + random_() % 60);
        work_until(clock_.steady() + 2h);
        storage_.dies_after = 0;
        shut_down();
        clock_.advance(between(1s, 20min));
        boot();
        break;
      case 2:  // the storage is away
        storage_.away = true;
        work_until(clock_.steady() + between(1min, 3h));
        storage_.away = false;
        break;
      case 3:
        clock_.jump_wall(between(1min, 5h));
        break;
      case 4:  // back, and never by so much that it is taken for a clock that was wrong
        clock_.jump_wall(-between(1s, 5h));
        disturb(clock_.now(), from);
        return;
    }
    disturb(from, clock_.now());
  }

  void live() {
    boot();
    while (clock_.now() < kEnd) {
      work_until(clock_.steady() + between(6h, 6 * 24h));
      if (storage_.dead) {
        shut_down();
        boot();
      }
      something_happens();
    }
    work_until(clock_.steady() + 3h);
  }

  // --- what must hold ------------------------------------------------------------------------
  bool is_disturbed(WallTime moment) const {
    return std::any_of(disturbed_.begin(), disturbed_.end(), [&](const auto& stretch) {
      return stretch.first <= moment && moment <= stretch.second;
    });
  }

  void check_task(const Site& site, const Task& task,
                  const std::vector<catalog::RunRecord>& records) {
    const std::string name(name_of(task.kind));
    std::map<WallTime, int> ended, missed;
    std::set<WallTime> interrupted;
    for (const catalog::RunRecord& record : records) {
      if (record.task != name || !record.due) continue;
      if (record.is_missed()) {
        EXPECT_FALSE(record.error.empty());
        std::uint64_t count = 0;
        for (auto moment = record.first_missed; moment && *moment <= *record.due;
             moment = task.schedule->next(*moment, task.zone)) {
          ++missed[*moment];
          ++count;
        }
        EXPECT_EQ(count, record.missed) << site.plan.store << " " << record.error;
      } else if (record.outcome == "interrupted") {
        interrupted.insert(*record.due);
      } else {
        ++ended[*record.due];
      }
    }
    int moments = 0, unexcused = 0;
    const WallTime handled = site.scheduler->status().find(task.kind)->next.value_or(kEnd) - 1s;
    for (auto moment = task.schedule->next(kStart, task.zone); moment && *moment <= handled;
         moment = task.schedule->next(*moment, task.zone)) {
      ++moments;
      const int told = ended[*moment] + missed[*moment];
      EXPECT_LE(ended[*moment], 1)
          << site.plan.store << " " << name << " ran twice, due " << format_rfc3339(*moment);
      EXPECT_LE(told, 1) << site.plan.store << " " << name << " told twice "
                         << format_rfc3339(*moment);
      EXPECT_TRUE(told == 1 || interrupted.contains(*moment))
          << site.plan.store << " " << name << " lost, due " << format_rfc3339(*moment);
      if (ended[*moment] == 0 && !is_disturbed(*moment)) ++unexcused;
    }
    total_ += moments;
    ran_ += int(std::count_if(ended.begin(), ended.end(), [](auto& one) { return one.second; }));
    EXPECT_EQ(unexcused, 0) << site.plan.store << " " << name << " missed without a reason";
    EXPECT_GT(moments, 10) << site.plan.store << " " << name;
  }

  SimulatedClock clock_;
  Context context_;
  std::mt19937_64 random_;
  SimulatedStorage storage_;
  catalog::CatalogOptions catalog_;
  std::vector<std::unique_ptr<Site>> sites_;
  std::vector<std::pair<WallTime, WallTime>> disturbed_;
  int total_ = 0, ran_ = 0;
};

TEST_P(SimulatedYear, EveryDueRunHappenedOnceOrIsRecordedAsMissed) {
  live();
  for (const auto& site : sites_) {
    const auto records =
        catalog::read_records(context_, *storage_.storage, catalog_, site->plan.store, 1'000'000);
    for (const Task& task : site->plan.tasks) {
      if (task.schedule) check_task(*site, task, records);
    }
    EXPECT_GT(site->prunes + site->runner->prunes, 60) << site->plan.store;
  }
  std::printf("%d due moments, %d ran, %zu disturbances\n", total_, ran_, disturbed_.size());
  EXPECT_GT(ran_, total_ * 8 / 10);
  EXPECT_GT(disturbed_.size(), 20u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulatedYear, ::testing::Values(1));

}  // namespace
}  // namespace holdfast::job
