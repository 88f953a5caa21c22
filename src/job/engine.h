// The only engine: takes a store's lease, lets its Datastore work, and leaves a run record,
// whatever happens.
//
// Order of every run: lease, recover what a killed run left, hook, work, hook, record, give the
// lease back. A run that fails is recorded with its error and the error is thrown on. A record that
// cannot be written costs a warning only: the backup is there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/zone.h"
#include "catalog/lease.h"
#include "catalog/run_record.h"
#include "datastore/datastore.h"
#include "job/hooks.h"
#include "job/leftovers.h"
#include "retention/slm.h"

namespace holdfast::job {

// Of a store whose snapshots are kept by snapshot lifecycle management's rules.
struct SnapshotRetention {
  retention::SlmPolicy policy;
  std::string policy_name;  // snapshots of others are never removed
};

// Of a store whose backups have their time in the name.
struct NamedRetention {
  std::string time_delta;   // as retention/date_delta.h reads it
  std::string date_format;  // of the time in a name, as strftime writes it
  Zone zone;                // of that time
};

struct EngineOptions {
  catalog::CatalogOptions catalog;
  catalog::LeaseOptions lease;  // its purpose is filled in by each run
  fs::path scratch_parent;      // where drills restore to; empty: the system's temporary folder
  unsigned keep_last_daily = 7, keep_last_weekly = 4;  // of dated copies
  // Of a store whose backups build on each other: so many stay, and what they need; 0: all. None:
  // the store has dated copies.
  std::optional<std::uint64_t> keep_chained;
  std::optional<SnapshotRetention> keep_snapshots;
  std::optional<NamedRetention> keep_named;
  // Where the store's own uploads go, so that prune finds those that were never finished.
  std::optional<UploadPlace> uploads;
  // Records of runs stay as long as a backup of their time does, and at least so long.
  Duration keep_records = std::chrono::hours(90 * 24);
  Hooks hooks;
  bool catalog_is_read_only = false;  // nobody can run there: no lease, no record
};

// Why a run happens, and who wants to hear of it.
struct RunCause {
  std::string task;                 // as job/task.h names it; empty: the run's kind
  std::string trigger = "command";  // schedule | catch-up | request | command
  std::string by = {};              // of a request
  std::optional<WallTime> due = {};
  // Called once the run has its lease; never when it does not get it.
  std::function<void(const catalog::RunRecord&)> on_begin = nullptr;
  // Called with what became of it, and whether that could be written down.
  std::function<void(const catalog::RunRecord&, bool is_written)> on_end = nullptr;
};

struct DrillReport {
  std::string name;
  datastore::Measurement recorded, restored;
  bool nothing_recorded =
      false;  // made by a native tool: restored and started, nothing to compare with
  std::vector<std::string> differences;  // empty: proven
  std::uint64_t bytes = 0;
};

struct PruneDecision {
  std::string name;
  bool remove = false;
  std::string reason;
};

// One store's engine. Not thread-safe. Borrows all that it is given.
class Engine {
 public:
  Engine(datastore::Datastore& datastore, storage::Storage& catalog_storage, EngineOptions options);

  datastore::BackupOutcome backup(const Context& context, datastore::BackupRequest request,
                                  Progress& progress, const RunCause& cause = {});
  // Shows the plan to `confirm` first; false from it ends the run as Refused. Refused as well when
  // the plan has conflicts.
  datastore::RestoreOutcome restore(
      const Context& context, const datastore::PlanRequest& request, Progress& progress,
      const std::function<bool(const datastore::RestorePlan&)>& confirm);
  // `request.name` empty: every complete backup. Problems are reported, not thrown.
  datastore::VerifyReport verify(const Context& context, const datastore::VerifyRequest& request,
                                 Progress& progress, const RunCause& cause = {});
  // `name` empty: the newest complete backup. Differences are reported, not thrown. Takes the lease
  // only for a backup that the next one changes in place: else it changes nothing that others see.
  DrillReport drill(const Context& context, const std::string& name, Progress& progress,
                    const RunCause& cause = {});
  // The newest complete backup that no other run changes; empty when there is none.
  std::string newest_settled(const Context& context);
  // Applies the store's retention, and finishes the removal of unfinished ones; with `dry_run` only
  // says what it would do.
  // The leftovers of dead runs (leftovers.h) are among the decisions.
  std::vector<PruneDecision> prune(const Context& context, bool dry_run,
                                   const RunCause& cause = {});

 private:
  std::vector<std::string> recover(const Context& context, Progress& progress);
  datastore::BackupEntry find_for_drill(const Context& context, const std::string& name);
  std::vector<std::string> names_to_verify(const Context& context, const std::string& wanted);
  datastore::VerifyReport verify_all(const Context& context, const std::vector<std::string>& names,
                                     bool deep, Progress& progress);
  bool is_listed(const Context& context, const std::string& name);
  DrillReport drill_one(const Context& context, const std::string& name, Progress& progress);
  void drill_into(const Context& context, const fs::path& data, DrillReport& report,
                  Progress& progress);
  void clear_scratch(const Context& context, Progress& progress);
  using Entries = std::vector<datastore::BackupEntry>;
  std::vector<PruneDecision> decide_prune(const Context& context, const Entries& entries);
  std::vector<PruneDecision> decide_by_rules(const Context& context, const Entries& entries);
  std::vector<PruneDecision> decide_about_snapshots(const Context& context, const Entries& entries,
                                                    const SnapshotRetention& rules);
  std::vector<PruneDecision> decide_about_names(const Context& context, const Entries& entries,
                                                const NamedRetention& rules);
  std::vector<PruneDecision> decide_about_copies(const Entries& entries);
  std::vector<PruneDecision> decide_about_chains(const Entries& entries, std::uint64_t keep);
  void spare_locked(const Context& context, const Entries& entries,
                    std::vector<PruneDecision>& decisions);
  std::vector<storage::UploadInfo> find_orphans(const Context& context);
  std::vector<std::string> remove_all(const Context& context,
                                      const std::vector<std::string>& doomed, Fence& fence);
  std::vector<std::string> remove_leftovers(const Context& context, const Entries& entries,
                                            Fence& fence);

  datastore::Datastore& datastore_;
  storage::Storage& storage_;
  EngineOptions options_;
};

}  // namespace holdfast::job
