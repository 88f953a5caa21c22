#include "job/engine.h"

#include <gtest/gtest.h>
#include <set>

#include "storage/memory/memory_storage.h"
#include "storage/wrap/wrap.h"

namespace holdfast::job {
namespace {

using namespace std::chrono_literals;
using datastore::BackupEntry;

// The plainest store: a list of names, and failures on demand. The real ones have tests of their
// own.
class NamesDatastore : public datastore::Datastore {
 public:
  const std::string& store() const override { return store_; }
  std::vector<BackupEntry> list(const Context&) override { return entries; }
  datastore::BackupOutcome backup(const Context&, const datastore::BackupRequest& request,
                                  Fence& fence, Progress&) override {
    fence.check();
    if (backup_error) throw *backup_error;
    run_id = request.run_id;
    datastore::BackupOutcome outcome;
    outcome.name = "names-1";
    outcome.bytes_sent = 10;
    outcome.measured.counts = {{"rows", 3}};
    return outcome;
  }
  datastore::RestorePlan plan(const Context&, const datastore::PlanRequest& request) override {
    datastore::RestorePlan plan;
    plan.store = store_;
    plan.name = request.name;
    plan.mode = request.mode;
    plan.conflicts = conflicts;
    if (conflicts_once) conflicts.clear();
    return plan;
  }
  datastore::RestoreOutcome restore(const Context&, const datastore::RestorePlan& plan,
                                    Progress&) override {
    restored.push_back(plan.name);
    return {};
  }
  datastore::VerifyReport verify(const Context&, const datastore::VerifyRequest& request,
                                 Progress&) override {
    datastore::VerifyReport report;
    report.objects = 2;
    if (request.name == bad) report.problems.push_back("a.bin is missing");
    return report;
  }
  datastore::Measurement measure(const Context&, const datastore::MeasureTarget&) override {
    return measured;
  }
  std::optional<datastore::Measurement> recorded(const Context&, const std::string&) override {
    return recorded_then;
  }
  void remove(const Context&, const std::string& name, Fence& fence) override {
    fence.check();
    if (stays.contains(name)) throw AccessDenied("remove " + name, "it is locked");
    removed.push_back(name);
  }
  std::vector<std::string> clean(const Context&, Fence& fence) override {
    fence.check();
    ++cleaned;
    return {};
  }
  std::vector<std::string> recover(const Context&) override {
    ++recovered;
    return mended;
  }

  std::string store_ = "victoria-metrics-0";
  std::vector<BackupEntry> entries;
  std::optional<Unavailable> backup_error;
  std::vector<std::string> conflicts, restored, removed, mended;
  std::set<std::string> stays;  // cannot be removed
  std::string run_id, bad;
  datastore::Measurement measured;
  std::optional<datastore::Measurement> recorded_then;
  int recovered = 0, cleaned = 0;
  bool conflicts_once = false;  // the next plan has none
};

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() : memory_(storage::with_meter(storage::make_memory_storage(), counts_)) {
    options_.catalog.bucket = "catalog";
    memory_->buckets()->create(context_, "catalog");
    before_ = requests();
  }
  std::uint64_t requests() const {
    return counts_.put + counts_.get + counts_.head + counts_.list + counts_.remove;
  }
  std::vector<catalog::RunRecord> records() {
    return catalog::read_records(context_, *memory_, options_.catalog, "victoria-metrics-0", 10);
  }
  BackupEntry entry(std::string name, std::string kind, int day) {
    BackupEntry made;
    made.name = std::move(name);
    made.kind = std::move(kind);
    made.complete = true;
    made.completed = parse_rfc3339("2026-11-01T00:00:00Z") + day * 24h;
    return made;
  }

  Context context_ = Context::background();
  storage::StorageCounts counts_;
  std::unique_ptr<storage::Storage> memory_;
  EngineOptions options_;
  NamesDatastore store_;
  SilentProgress progress_;
  std::uint64_t before_ = 0;
};

TEST_F(EngineTest, ABackupTakesTheLeaseAndRecordsItselfInFewRequests) {
  Engine engine(store_, *memory_, options_);
  EXPECT_EQ(engine.backup(context_, {}, progress_).name, "names-1");
  EXPECT_LE(requests() - before_, 9u) << "lease, record and the first summary together";
  ASSERT_EQ(records().size(), 1u);
  catalog::RunRecord record = records()[0];
  EXPECT_EQ(record.outcome, "success");
  EXPECT_EQ(record.kind, "backup");
  EXPECT_EQ(record.name, "names-1");
  EXPECT_EQ(record.id, store_.run_id);
  EXPECT_EQ(record.bytes_sent, 10u);
  EXPECT_EQ(record.counts.at("rows"), 3u);
  EXPECT_EQ(store_.recovered, 1);
}

TEST_F(EngineTest, AFailedRunIsRecordedAndFreesTheLease) {
  Engine engine(store_, *memory_, options_);
  store_.backup_error = Unavailable("snapshot", "connection refused");
  EXPECT_THROW(engine.backup(context_, {}, progress_), Unavailable);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_EQ(records()[0].outcome, "unavailable");
  EXPECT_EQ(records()[0].error, "snapshot: connection refused");
  store_.backup_error.reset();
  EXPECT_NO_THROW(engine.backup(context_, {}, progress_));
}

TEST_F(EngineTest, ASecondRunIsRefusedAndNotRecorded) {
  options_.lease.purpose = "restore";
  auto lease = catalog::Lease::acquire(context_, *memory_, options_.catalog, "victoria-metrics-0",
                                       options_.lease);
  Engine engine(store_, *memory_, options_);
  EXPECT_THROW(engine.backup(context_, {}, progress_), Refused);
  EXPECT_TRUE(records().empty());
}

TEST_F(EngineTest, ARecordThatCannotBeWrittenDoesNotFailTheBackup) {
  auto faulty = storage::with_faults(
      std::move(memory_), [](std::string_view verb, const storage::ObjectRef& ref) {
        if (verb == "put" && ref.key.find("/runs/") != std::string::npos)
          throw NoSpace("put", "full");
      });
  Engine engine(store_, *faulty, options_);
  EXPECT_EQ(engine.backup(context_, {}, progress_).name, "names-1");
}

TEST_F(EngineTest, ARestoreWantsConsentAndNoConflict) {
  Engine engine(store_, *memory_, options_);
  EXPECT_THROW(engine.restore(context_, {"names-1"}, progress_, [](const auto&) { return false; }),
               Refused);
  store_.conflicts = {"the server is running"};
  try {
    engine.restore(context_, {"names-1"}, progress_, [](const auto&) { return true; });
    FAIL() << "restored over a running server";
  } catch (const Refused& error) {
    EXPECT_EQ(error.reason(), "the server is running");
  }
  EXPECT_TRUE(store_.restored.empty());
  store_.conflicts.clear();
  engine.restore(context_, {"names-1"}, progress_, [](const auto&) { return true; });
  EXPECT_EQ(store_.restored, std::vector<std::string>{"names-1"});
  EXPECT_EQ(records().size(), 3u);
}

TEST_F(EngineTest, VerifyWithoutANameLooksAtEveryCompleteBackup) {
  Engine engine(store_, *memory_, options_);
  EXPECT_THROW(engine.verify(context_, {}, progress_), NotFound);
  store_.entries = {entry("a", "version", 1), entry("b", "version", 2), entry("c", "version", 3)};
  store_.entries[2].complete = false;
  store_.bad = "b";
  datastore::VerifyReport report = engine.verify(context_, {}, progress_);
  EXPECT_EQ(report.objects, 4u);
  EXPECT_EQ(report.problems, std::vector<std::string>{"b: a.bin is missing"});
}

TEST_F(EngineTest, ADrillOfABackupThatGrowsKeepsOthersFromChangingIt) {
  store_.entries = {entry("copy", "copy", 2), entry("growing", "version", 9)};
  store_.entries[1].is_growing = true;
  options_.lease.purpose = "backup";
  Engine engine(store_, *memory_, options_);
  auto lease = catalog::Lease::acquire(context_, *memory_, options_.catalog, "victoria-metrics-0",
                                       options_.lease);
  EXPECT_THROW(engine.drill(context_, "", progress_), Refused);
  EXPECT_EQ(engine.newest_settled(context_), "copy");
  EXPECT_EQ(engine.drill(context_, "copy", progress_).name, "copy") << "that one changes no more";
  lease->release();
  EXPECT_EQ(engine.drill(context_, "", progress_).name, "growing");
}

TEST_F(EngineTest, ADrillTakesTheNewestAndTellsEveryDifference) {
  Engine engine(store_, *memory_, options_);
  EXPECT_THROW(engine.drill(context_, "", progress_), NotFound);
  store_.entries = {entry("new", "version", 9), entry("old", "version", 2)};
  store_.recorded_then = datastore::Measurement{{{"rows", 10}, {"series", 2}}, {}};
  store_.measured.counts = {{"rows", 9}};
  DrillReport report = engine.drill(context_, "", progress_);
  EXPECT_EQ(report.name, "new");
  EXPECT_EQ(report.differences,
            (std::vector<std::string>{"rows: 10 at backup time, 9 now",
                                      "series: 2 at backup time, not measured now"}));
  store_.recorded_then.reset();
  EXPECT_TRUE(engine.drill(context_, "old", progress_).nothing_recorded);
}

// A silent progress shows nothing: then the warnings do.
TEST_F(EngineTest, WhatWasMendedReachesTheCallerOfEveryRun) {
  store_.mended = {"finished a restore"};
  Engine engine(store_, *memory_, options_);
  EXPECT_EQ(engine.backup(context_, {}, progress_).warnings, store_.mended);
  EXPECT_EQ(records().front().warnings, store_.mended);
  auto yes = [](const datastore::RestorePlan&) { return true; };
  EXPECT_EQ(engine.restore(context_, {.name = "a"}, progress_, yes).warnings, store_.mended);
}

TEST_F(EngineTest, PruneFinishesWhatAKilledOneBegan) {
  store_.entries = {entry("v", "version", 1), entry("c", "copy", 2), entry("half", "copy", 3),
                    entry("damaged", "copy", 4), entry("unfinished", "version", 5)};
  store_.entries[2].complete = store_.entries[3].complete = store_.entries[4].complete = false;
  store_.entries[2].completed.reset();
  store_.entries[4].completed.reset();
  Engine engine(store_, *memory_, options_);
  engine.prune(context_, true);
  EXPECT_TRUE(store_.removed.empty());
  engine.prune(context_, false);
  EXPECT_EQ(store_.removed, (std::vector<std::string>{"half"}));
}

TEST_F(EngineTest, PruneRemovesOnlyDatedCopiesBeyondTheCounts) {
  options_.keep_last_daily = 2;
  options_.keep_last_weekly = 0;
  for (int day = 1; day <= 4; ++day)
    store_.entries.push_back(entry("copy-" + std::to_string(day), "copy", day));
  store_.entries.push_back(entry("version-1", "version", 1));
  Engine engine(store_, *memory_, options_);
  auto decisions = engine.prune(context_, true);
  EXPECT_EQ(decisions.size(), 5u);
  EXPECT_TRUE(store_.removed.empty());
  engine.prune(context_, false);
  std::sort(store_.removed.begin(), store_.removed.end());
  EXPECT_EQ(store_.removed, (std::vector<std::string>{"copy-1", "copy-2"}));
}

TEST_F(EngineTest, PruneOfChainsKeepsWhatIsNeededAndRemovesTheNewestFirst) {
  for (const auto& [name, parent] : std::vector<std::pair<std::string, std::string>>{
           {"f1", ""}, {"i1", "f1"}, {"f2", ""}, {"i2", "f2"}, {"i3", "i2"}}) {
    BackupEntry entry;
    entry.name = name;
    entry.parent = parent;
    entry.complete = true;
    store_.entries.push_back(entry);
  }
  BackupEntry broken;
  broken.name = "half";
  broken.is_abandoned = true;
  store_.entries.push_back(broken);
  options_.keep_chained = 1;
  EXPECT_EQ(Engine(store_, *memory_, options_).prune(context_, true).size(), 6u);
  EXPECT_TRUE(store_.removed.empty());
  Engine(store_, *memory_, options_).prune(context_, false);
  EXPECT_EQ(store_.removed, (std::vector<std::string>{"half", "i1", "f1"}));
}

// Exports need each other for nothing; what builds on others ends at the first that stays.
TEST_F(EngineTest, PruneGoesOnAfterAnExportThatStaysAndSaysSo) {
  for (const char* date : {"20200101", "20200102", "20200103", "20990101"}) {
    BackupEntry one = entry(date, "file", 1);
    one.details["date"] = date;
    store_.entries.push_back(one);
  }
  store_.stays = {"20200102"};
  options_.keep_named = NamedRetention{"30 days ago", "%Y%m%d", Zone::utc()};
  try {
    Engine(store_, *memory_, options_).prune(context_, false);
    FAIL() << "one could not be removed";
  } catch (const Failed& error) {
    EXPECT_EQ(error.reason(),
              "1 of 3 could not be removed: 20200102: remove 20200102: it is locked");
  }
  EXPECT_EQ(store_.removed, (std::vector<std::string>{"20200101", "20200103"}));
  EXPECT_EQ(store_.cleaned, 1);
  EXPECT_EQ(records().front().outcome, "failed");
  EXPECT_EQ(records().front().counts.at("removed"), 2u);

  store_.removed.clear();
  options_.keep_named.reset();
  options_.keep_chained = 1;
  EXPECT_THROW(Engine(store_, *memory_, options_).prune(context_, false), AccessDenied);
  EXPECT_EQ(store_.removed, (std::vector<std::string>{"20200103"}));
  EXPECT_EQ(store_.cleaned, 1);
}

// What the rules themselves say is in retention/slm_test.cpp and its oracle.
TEST_F(EngineTest, PruneOfSnapshotsIsByItsPolicyAloneAndKeepsTheNewestGoodOne) {
  const WallTime now = context_.clock().now();
  auto add = [&](const char* name, const char* state, const char* policy, Duration age) {
    BackupEntry entry;
    entry.name = name;
    entry.complete = std::string(state) == "SUCCESS";
    if (age > 0ns) entry.started = now - age;
    entry.details = {{"state", state}, {"policy", policy}};
    store_.entries.push_back(entry);
  };
  add("by-hand", "SUCCESS", "", 900h);
  add("damaged", "SUCCESS", "nightly", 0ns);
  add("old", "SUCCESS", "nightly", 800h);
  add("failed", "FAILED", "nightly", 700h);
  add("newest", "SUCCESS", "nightly", 600h);
  add("running", "IN_PROGRESS", "nightly", 1h);
  options_.keep_snapshots = SnapshotRetention{{}, "nightly"};
  options_.keep_snapshots->policy.expire_after = 500h;
  store_.entries[1].complete = false;
  Engine engine(store_, *memory_, options_);
  EXPECT_EQ(engine.prune(context_, true).size(), 6u);
  EXPECT_TRUE(store_.removed.empty());
  EXPECT_EQ(store_.cleaned, 0);
  engine.prune(context_, false);
  EXPECT_EQ(store_.removed, (std::vector<std::string>{"failed", "old"}));
  EXPECT_EQ(store_.cleaned, 1);
}

TEST_F(EngineTest, HooksRunAroundTheWorkAlsoWhenItFails) {
  TemporaryFolder folder;
  const fs::path file = folder.path() / "written";
  auto writes = [&](const std::string& word) {
    return Hook{{"sh", "-c", "echo " + word + " $HOLDFAST_OUTCOME >> " + file.string()}};
  };
  options_.hooks = {writes("a"), writes("b"), writes("c"), writes("d")};
  Engine(store_, *memory_, options_).backup(context_, {}, progress_);
  store_.backup_error = Unavailable("x", "y");
  EXPECT_THROW(Engine(store_, *memory_, options_).backup(context_, {}, progress_), Unavailable);
  Engine(store_, *memory_, options_).restore(context_, {.name = "n"}, progress_, [](const auto&) {
    return true;
  });
  EXPECT_EQ(read_file(file, 1000), "a\nb success\na\nb failure\nc\nd success\n");
}

TEST_F(EngineTest, AHookBeforeARestoreMayClearWhatIsInTheWay) {
  TemporaryFolder folder;
  store_.conflicts = {"the server is running"};
  options_.hooks.before_restore = {{"true"}};
  EXPECT_THROW(Engine(store_, *memory_, options_)
                   .restore(context_, {.name = "n"}, progress_, [](const auto&) { return true; }),
               Refused);
  EXPECT_TRUE(store_.restored.empty());
  // The command ran, and the plan was made again.
  store_.conflicts_once = true;
  Engine(store_, *memory_, options_).restore(context_, {.name = "n"}, progress_, [](const auto&) {
    return true;
  });
  EXPECT_EQ(store_.restored, std::vector<std::string>{"n"});
}

}  // namespace
}  // namespace holdfast::job
