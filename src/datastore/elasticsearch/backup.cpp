#include "datastore/elasticsearch/backup.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/log.h"
#include "datastore/elasticsearch/names.h"
#include "datastore/elasticsearch/snapshots.h"
#include "datastore/elasticsearch/verify.h"

namespace holdfast::datastore::es {

namespace {

using Json = nlohmann::json;

// A policy fires by the cluster's clock, which also says when a snapshot began, but moves only
// every 200 ms; it shows later.
constexpr Duration kClockSteps = std::chrono::seconds(1);
constexpr Duration kPolicyTakes = std::chrono::seconds(30);

class SnapshotRun {
 public:
  SnapshotRun(const Context& context, const Store& store, std::optional<WallTime> due,
              Progress& progress)
      : context_(context), store_(store), server_(*store.server), due_(due), progress_(progress) {}

  BackupOutcome run(Fence& fence) {
    const PolicyOptions& policy = store_.options.policy;
    outcome_.warnings = ensure_repository(context_, server_, store_.options.repository);
    const SnapshotMode mode = settle_mode(context_, server_, store_.options.mode, policy);
    if (mode == SnapshotMode::kSlm) {
      for (const std::string& line : ensure_policy(context_, server_, policy)) {
        progress_.note(line);
      }
    }
    fence.check();
    finish(run_or_give_up(mode));
    count();
    return std::move(outcome_);
  }

 private:
  const std::string& repository() const { return store_.options.repository.name; }

  std::string start() {
    const PolicyOptions& policy = store_.options.policy;
    id_ = make_snapshot_id();
    const Json body = {{"indices", policy.indices},
                       {"ignore_unavailable", false},
                       {"include_global_state", false},
                       {"expand_wildcards", "open,closed"},
                       {"metadata", {{"policy", policy.id}}}};
    const std::string path =
        "/_snapshot/" + in_path(repository()) + "/" + in_path(with_id(policy.name_template, id_));
    try {
      server_.call(context_, "PUT", path, body);
    } catch (const Unavailable&) {
      // It may have begun all the same: its name tells.
      const std::string name = name_by_id(context_);
      if (name.empty()) throw;
      return name;
    } catch (const NotFound& error) {
      throw Failed("back up elasticsearch", error.reason(),
                   "check backup.elasticsearch.scheduled.indices");
    }
    // The cluster resolved the name, and tells it nowhere else.
    std::string name = name_by_id(context_);
    if (name.empty()) throw Failed("back up elasticsearch", kVanished);
    return name;
  }

  // The policy has the same schedule as we: what the cluster has begun by itself is not begun
  // again.
  std::string name_by_policy() {
    if (due_) {
      const SteadyTime end = context_.clock().steady() + kPolicyTakes;
      for (Pause pause; context_.clock().steady() < end;) {
        const std::string name = begun_by_cluster();
        if (!name.empty()) return name;
        pause.take(context_, "wait for the policy's snapshot");
      }
      progress_.note("the cluster has not run its policy by itself; it is told to");
    }
    return execute_policy(context_, server_, store_.options.policy);
  }

  // Of this moment; empty when there is none.
  std::string begun_by_cluster() {
    const std::vector<Snapshot> all = list_snapshots(context_, server_, repository());
    for (auto one = all.rbegin(); one != all.rend(); ++one) {
      if (one->policy != store_.options.policy.id || !one->started) continue;
      return *one->started >= *due_ - kClockSteps ? one->name : "";
    }
    return "";
  }

  // Empty when there is no snapshot of our id.
  std::string name_by_id(const Context& context) {
    const std::vector<Snapshot> begun = find_snapshots(context, server_, repository(), "*-" + id_);
    return begun.size() == 1 ? begun.front().name : "";
  }

  // Bytes that are on their way; never a reason to fail.
  void show_status() {
    try {
      const SnapshotStatus now = status_of(context_, server_, repository(), outcome_.name);
      if (!announced_) progress_.phase("snapshot", now.bytes_new, now.files_new);
      announced_ = true;
      progress_.advance(now.bytes_done - std::min(now.bytes_done, last_.bytes_done),
                        now.files_done - std::min(now.files_done, last_.files_done));
      last_ = now;
    } catch (const Unavailable&) {
    } catch (const NotFound&) {
    } catch (const Failed&) {
    }
  }

  Snapshot look() {
    try {
      return find_snapshot(context_, server_, repository(), outcome_.name);
    } catch (const NotFound&) {
      throw Failed("snapshot " + outcome_.name, kVanished,
                   "look into the cluster's log; the repository's storage may have been away, or "
                   "somebody removed the snapshot");
    }
  }

  Snapshot run_or_give_up(SnapshotMode mode) {
    try {
      outcome_.name = mode == SnapshotMode::kSlm ? name_by_policy() : start();
      return watch();
    } catch (const Cancelled&) {
      give_up();
      throw;
    }
  }

  Snapshot watch() {
    for (Pause pause;;) {
      Snapshot now = look();
      if (now.state != "IN_PROGRESS") return now;
      show_status();
      pause.take(context_, "wait for snapshot " + outcome_.name);
    }
  }

  void finish(const Snapshot& snapshot) {
    try {
      require_success(snapshot);
    } catch (const Corrupt& error) {
      throw Failed("snapshot " + snapshot.name, error.reason(),
                   "mend the cluster, then back up again; the next run's retention removes it");
    }
    const SnapshotStatus status = status_of(context_, server_, repository(), snapshot.name);
    outcome_.bytes_sent = status.bytes_new;
    outcome_.objects_sent = status.files_new;
    outcome_.bytes_reused = status.bytes_total - std::min(status.bytes_total, status.bytes_new);
    outcome_.objects_reused = status.files_total - std::min(status.files_total, status.files_new);
  }

  // For the run's record; the snapshot's own files tell it again at any time.
  void count() {
    try {
      if (auto counted = documents_of(context_, store_, outcome_.name)) {
        outcome_.measured = *counted;
      }
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      outcome_.warnings.push_back("its documents could not be counted: " + error.to_string());
    }
  }

  void give_up() {
    const Context last = Context::background().with_timeout(std::chrono::minutes(1));
    try {
      // Told to stop before the name was known.
      if (outcome_.name.empty() && !id_.empty()) outcome_.name = name_by_id(last);
      if (outcome_.name.empty()) return;
      server_.call(last, "DELETE",
                   "/_snapshot/" + in_path(repository()) + "/" + in_path(outcome_.name), nullptr);
    } catch (const Error& error) {
      log::warning(context_, "the snapshot goes on: " + error.to_string());
    }
  }

  static constexpr const char* kVanished = "it was running and is not in the repository any more";

  Context context_;
  const Store& store_;
  Server& server_;
  std::optional<WallTime> due_;
  Progress& progress_;
  BackupOutcome outcome_;
  std::string id_;  // of the snapshot that was asked for; empty: none was, or by the policy
  SnapshotStatus last_;
  bool announced_ = false;
};

}  // namespace

BackupOutcome run_backup(const Context& context, const Store& store, const BackupRequest& request,
                         Fence& fence, Progress& progress) {
  if (request.kind == BackupKind::kDatedCopy) {
    throw InvalidArgument("back up elasticsearch", "it has no dated copies",
                          "leave out --copy: each snapshot is a backup of its own");
  }
  if (request.kind == BackupKind::kFull) {
    throw InvalidArgument("back up elasticsearch", "every snapshot is whole by itself",
                          "leave out --full; to send everything anew, give the repository another "
                          "folder: backup.elasticsearch.s3Prefix, then elasticsearch register "
                          "--reconfigure");
  }
  return SnapshotRun(context, store, request.due, progress).run(fence);
}

}  // namespace holdfast::datastore::es
