// What every data store (VictoriaMetrics, ClickHouse, Elasticsearch, StackGraph) can do for the
// engine in job/.
//
// A Datastore knows nothing of schedules, leases, run records, Kubernetes or how progress is shown.
// It is told what to do, asks the Fence before every step that others can see, and reports to
// Progress. One object serves one store; its methods are called from one thread at a time, but
// list() and verify() may run while another process backs up.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/file.h"
#include "base/progress.h"

namespace holdfast::datastore {

// What a store held when it was looked at: named counts ("rows", "series") and hashes. Compared
// field by field by a drill.
struct Measurement {
  std::map<std::string, std::uint64_t> counts;
  std::map<std::string, std::string> hashes;
  friend bool operator==(const Measurement&, const Measurement&) = default;
};

// One restorable (or broken) backup.
struct BackupEntry {
  std::string name;
  bool complete = false;
  std::string broken_because;  // when not complete
  bool is_abandoned = false;   // not complete, and too old for a run to be working on it
  std::optional<WallTime> started, completed;
  std::uint64_t bytes = 0, objects = 0;  // 0 when only a deeper look would tell
  std::string kind;  // "version", "copy", "full", "incremental", "snapshot", "file"
  std::string parent;
  bool is_growing = false;  // the next backup changes it in place
  // The key of the object that completes it: its lock is the backup\'s. Empty: there is none of
  // ours.
  std::string proof;
  std::map<std::string, std::string> details;  // for --output json
};

enum class BackupKind { kIncremental, kFull, kDatedCopy };
struct BackupRequest {
  BackupKind kind = BackupKind::kIncremental;
  std::string run_id;  // goes into the backup's own manifest
  // When a schedule asks: a backup that the store has begun by itself at that moment will do.
  std::optional<WallTime> due = {};
};
struct BackupOutcome {
  std::string name;
  bool changed = true;  // false: only the marker was renewed
  std::uint64_t bytes_sent = 0, objects_sent = 0, bytes_reused = 0, objects_reused = 0,
                objects_removed = 0;
  Measurement measured;
  std::vector<std::string> warnings;
};

enum class RestoreMode {
  kStaged,   // beside the live data, then swapped: a failure leaves the old data as it was
  kInPlace,  // the live data is overwritten: for disks without room for both
  kScratch,  // into another folder, for a drill
};
struct PlanRequest {
  std::string name;
  RestoreMode mode = RestoreMode::kStaged;
  fs::path scratch;                  // with kScratch
  bool force = false;                // replaces what is there
  bool safety_backup = true;         // of StackGraph: a copy of what is there, before force
  std::vector<std::string> indices;  // of Elasticsearch: patterns; empty: the configured ones
  // Of stores with tables; Unsupported elsewhere.
  std::vector<std::string> tables;      // patterns; empty: all
  std::vector<std::string> partitions;  // ids; empty: all
  std::string as_database;              // in the place of the tables' own; empty: that
  bool schema_only = false, data_only = false;
  bool is_narrowed() const {
    return !tables.empty() || !partitions.empty() || !as_database.empty() || schema_only ||
           data_only || !indices.empty();
  }
};
// What a restore is going to do, told before anything is touched.
struct RestorePlan {
  std::string store, name;
  RestoreMode mode = RestoreMode::kStaged;
  std::vector<std::string> steps;     // for people, in order
  std::vector<std::string> warnings;  // what is lost, who buffers meanwhile
  std::vector<std::string>
      conflicts;                   // why it cannot start now; restore() refuses while there are any
  std::string point_of_no_return;  // the step after which there is only forward; empty: none
  std::optional<WallTime> backup_time;
  std::uint64_t bytes_to_fetch = 0, bytes_to_reuse = 0, objects_to_fetch = 0;
  std::uint64_t space_needed = 0, space_free = 0;
  std::shared_ptr<const void> details;  // the driver's own
};
struct RestoreOutcome {
  std::uint64_t bytes_fetched = 0, objects_fetched = 0, bytes_reused = 0, objects_reused = 0;
  std::vector<std::string>
      facts;  // what is there now, for people: "otel.logs: 450 rows, as recorded"
  std::vector<std::string> warnings;
  // Of Elasticsearch: what is there now, by its final name, and the primary shards of all.
  std::vector<std::string> indices;
  std::uint64_t shards = 0;
};

struct VerifyRequest {
  std::string name;
  bool deep = false;  // read and hash every byte
  // Backups that are verified by themselves: their objects are not read again for one that builds
  // on them.
  std::set<std::string> others = {};
};
struct VerifyReport {
  std::uint64_t objects = 0, bytes = 0, objects_without_checksum = 0;
  std::vector<std::string> problems;  // empty: good
  std::uint64_t more_problems = 0;    // that are not told one by one
  // No damage: what is stored beside the backup, by a run at work or a killed one.
  std::vector<std::string> warnings;
  std::uint64_t more_warnings = 0;
};

// Where measure() looks: the live store, or what a scratch restore left in a folder (the driver
// starts and stops what it needs).
struct MeasureTarget {
  std::optional<fs::path> scratch;
};

class Datastore {
 public:
  virtual ~Datastore() = default;
  // "victoria-metrics-0"
  virtual const std::string& store() const = 0;
  // Everything that could be restored, broken ones included, oldest first.
  virtual std::vector<BackupEntry> list(const Context& context) = 0;
  virtual BackupOutcome backup(const Context& context, const BackupRequest& request, Fence& fence,
                               Progress& progress) = 0;
  // NotFound when there is no such backup, Corrupt when it cannot be restored.
  virtual RestorePlan plan(const Context& context, const PlanRequest& request) = 0;
  // Idempotent: called again after a kill it finishes the same plan.
  virtual RestoreOutcome restore(const Context& context, const RestorePlan& plan,
                                 Progress& progress) = 0;
  virtual VerifyReport verify(const Context& context, const VerifyRequest& request,
                              Progress& progress) = 0;
  virtual Measurement measure(const Context& context, const MeasureTarget& target) = 0;
  // What was recorded about a backup when it was made; nullopt when nothing was.
  virtual std::optional<Measurement> recorded(const Context& context, const std::string& name) = 0;
  // Marker first, then data, manifest last; a rerun finishes it.
  virtual void remove(const Context& context, const std::string& name, Fence& fence) = 0;
  // Removes what no backup needs; a line for each kind of thing removed. Part of retention.
  virtual std::vector<std::string> clean(const Context& context, Fence& fence) {
    (void)context;
    (void)fence;
    return {};
  }
  // Finishes or undoes what a killed run of ours left behind: snapshots, half-swapped restores,
  // scratch folders. Returns what it did, a line each. Called before every run.
  virtual std::vector<std::string> recover(const Context& context) = 0;
};

}  // namespace holdfast::datastore
