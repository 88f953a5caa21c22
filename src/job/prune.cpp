#include <algorithm>
#include <fmt/format.h>

#include "base/civil.h"
#include "base/error.h"
#include "base/log.h"
#include "job/engine.h"
#include "job/locks.h"
#include "job/run.h"
#include "retention/chains.h"
#include "retention/date_delta.h"
#include "retention/named.h"
#include "retention/tiers.h"

namespace holdfast::job {

using datastore::BackupEntry;

namespace {

// A backup of which only the end is known began at most so long before.
constexpr Duration kLongestRun = std::chrono::hours(7 * 24);

}  // namespace

std::vector<PruneDecision> Engine::decide_prune(const Context& context, const Entries& entries) {
  std::vector<PruneDecision> decisions = decide_by_rules(context, entries);
  spare_locked(context, entries, decisions);
  return decisions;
}

std::vector<PruneDecision> Engine::decide_by_rules(const Context& context, const Entries& entries) {
  if (options_.keep_snapshots) {
    return decide_about_snapshots(context, entries, *options_.keep_snapshots);
  }
  if (options_.keep_named) return decide_about_names(context, entries, *options_.keep_named);
  if (options_.keep_chained) return decide_about_chains(entries, *options_.keep_chained);
  return decide_about_copies(entries);
}

std::vector<PruneDecision> Engine::decide_about_chains(const Entries& entries, std::uint64_t keep) {
  std::vector<retention::ChainedBackup> backups;
  for (const BackupEntry& entry : entries) {
    backups.push_back({entry.name, entry.parent, entry.complete, entry.is_abandoned});
  }
  std::vector<retention::Verdict> verdicts = retention::apply_chains(keep, backups);
  std::vector<PruneDecision> decisions;
  for (std::size_t i = 0; i < backups.size(); ++i) {
    decisions.push_back({backups[i].name, verdicts[i].remove, verdicts[i].reason});
  }
  return decisions;
}

std::vector<PruneDecision> Engine::decide_about_names(const Context& context,
                                                      const Entries& entries,
                                                      const NamedRetention& rules) {
  std::vector<retention::NamedBackup> backups;
  for (const BackupEntry& entry : entries) {
    auto date = entry.details.find("date");
    backups.push_back({entry.name,
                       date == entry.details.end() ? std::nullopt : std::optional(date->second),
                       entry.complete, entry.is_abandoned});
  }
  const WallTime cutoff = retention::cutoff_of(rules.time_delta, context.clock().now(), rules.zone);
  const std::string text =
      format_civil(civil_of(rules.zone.to_local(std::chrono::floor<std::chrono::seconds>(cutoff))),
                   rules.date_format);
  std::vector<retention::Verdict> verdicts = retention::apply_cutoff(text, backups);
  std::vector<PruneDecision> decisions;
  for (std::size_t i = 0; i < backups.size(); ++i) {
    decisions.push_back({backups[i].name, verdicts[i].remove, verdicts[i].reason});
  }
  return decisions;
}

std::vector<PruneDecision> Engine::decide_about_snapshots(const Context& context,
                                                          const Entries& entries,
                                                          const SnapshotRetention& rules) {
  std::vector<PruneDecision> decisions;
  std::vector<retention::Snapshot> made_by_policy;
  std::vector<std::string> names;
  std::optional<std::string> newest_good;
  for (const BackupEntry& entry : entries) {
    const std::string state = entry.details.at("state");
    const bool is_known =
        state == "SUCCESS" || state == "FAILED" || state == "PARTIAL" || state == "IN_PROGRESS";
    if (entry.complete) newest_good = entry.name;
    if (!is_known || !entry.started) {
      decisions.push_back({entry.name, false, "damaged: verify shows how"});
    } else if (entry.details.at("policy") != rules.policy_name) {
      decisions.push_back(
          {entry.name, false, "not made by the policy " + rules.policy_name + ": never removed"});
    } else {
      names.push_back(entry.name);
      made_by_policy.push_back(
          {entry.name, retention::snapshot_state_named(state),
           std::chrono::time_point_cast<std::chrono::milliseconds>(*entry.started)});
    }
  }
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(context.clock().now());
  std::vector<retention::Verdict> verdicts =
      retention::apply_slm(rules.policy, made_by_policy, now);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (verdicts[i].remove && names[i] == newest_good) {
      verdicts[i] = {false, "the newest good one: " + verdicts[i].reason};
    }
    decisions.push_back({names[i], verdicts[i].remove, verdicts[i].reason});
  }
  return decisions;
}

std::vector<PruneDecision> Engine::decide_about_copies(const Entries& entries) {
  std::vector<retention::DatedCopy> copies;
  std::vector<PruneDecision> decisions;
  for (const BackupEntry& entry : entries) {
    if (entry.kind == "copy" && entry.complete && entry.completed) {
      copies.push_back({entry.name, entry.started ? *entry.started : *entry.completed});
    } else if (entry.kind == "copy" && !entry.complete && !entry.completed) {
      decisions.push_back(
          {entry.name, true, "an unfinished copy: left by a copy or a removal that was killed"});
    } else if (entry.kind == "copy") {
      decisions.push_back({entry.name, false, "damaged: verify shows how"});
    } else {
      decisions.push_back({entry.name, false, "not a dated copy: only those are pruned by count"});
    }
  }
  retention::TierPolicy policy{int(options_.keep_last_daily), int(options_.keep_last_weekly)};
  std::vector<retention::Verdict> verdicts = retention::apply_tiers(policy, copies);
  for (std::size_t i = 0; i < copies.size(); ++i) {
    decisions.push_back({copies[i].name, verdicts[i].remove, verdicts[i].reason});
  }
  return decisions;
}

void Engine::spare_locked(const Context& context, const Entries& entries,
                          std::vector<PruneDecision>& decisions) {
  if (!options_.uploads) return;
  std::vector<std::string> doomed;
  for (const PruneDecision& decision : decisions) {
    if (decision.remove) doomed.push_back(decision.name);
  }
  const auto kept = kept_by_locks(context, storage_, options_.uploads->bucket, entries, doomed);
  for (PruneDecision& decision : decisions) {
    auto found = kept.find(decision.name);
    if (!decision.remove || found == kept.end()) continue;
    decision.remove = false;
    decision.reason = found->second + ": " + decision.reason;
  }
}

std::vector<storage::UploadInfo> Engine::find_orphans(const Context& context) {
  if (!options_.uploads) return {};
  return orphan_uploads(context, storage_, *options_.uploads);
}

// Of runs that died, and of backups that are gone.
std::vector<std::string> Engine::remove_leftovers(const Context& context, const Entries& entries,
                                                  Fence& fence) {
  std::vector<std::string> lines = datastore_.clean(context, fence);
  if (options_.uploads) {
    const std::vector<std::string> left =
        abort_uploads(context, storage_, *options_.uploads, find_orphans(context), fence);
    lines.insert(lines.end(), left.begin(), left.end());
  }
  WallTime oldest = context.clock().now() - options_.keep_records;
  for (const BackupEntry& entry : entries) {
    if (entry.started) {
      oldest = std::min(oldest, *entry.started);
    } else if (entry.completed) {
      oldest = std::min<WallTime>(oldest, *entry.completed - kLongestRun);
    }
  }
  const std::uint64_t records =
      remove_records(context, storage_, options_.catalog, datastore_.store(), oldest, fence);
  if (records > 0) {
    lines.push_back(
        fmt::format("removed {} records of runs before {}", records, format_rfc3339(oldest)));
  }
  return lines;
}

// What nothing else needs may stay while the others go: a line each. Else the first failure ends
// it, since what is older may be needed by what is still there.
std::vector<std::string> Engine::remove_all(const Context& context,
                                            const std::vector<std::string>& doomed, Fence& fence) {
  std::vector<std::string> failures;
  for (const std::string& name : doomed) {
    try {
      datastore_.remove(context, name, fence);
    } catch (const Error& error) {
      if (!options_.keep_named || error.kind() == ErrorKind::kCancelled) throw;
      fence.check();
      failures.push_back(name + ": " + error.to_string());
    }
  }
  return failures;
}

std::vector<PruneDecision> Engine::prune(const Context& context, bool dry_run,
                                         const RunCause& cause) {
  std::vector<PruneDecision> decisions = decide_prune(context, datastore_.list(context));
  std::vector<PruneDecision> orphans;
  for (const storage::UploadInfo& upload : find_orphans(context)) {
    orphans.push_back({upload.key, true,
                       fmt::format("an upload that was begun at {} and never finished",
                                   format_rfc3339(upload.started))});
  }
  decisions.insert(decisions.end(), orphans.begin(), orphans.end());
  const bool any = std::any_of(decisions.begin(), decisions.end(),
                               [](const PruneDecision& d) { return d.remove; });
  // One that was due by itself is recorded also when there was nothing to do.
  if (dry_run || !(any || options_.keep_snapshots || cause.due)) return decisions;
  Run run(context, storage_, options_, datastore_.store(), "prune", cause);
  return run.execute([&](const Context& inside, Fence& fence) {
    // Again under the lease: until then a copy may have been in the making.
    const Entries entries = datastore_.list(inside);
    decisions = decide_prune(inside, entries);
    std::vector<std::string> doomed;
    for (const PruneDecision& decision : decisions) {
      if (decision.remove) doomed.push_back(decision.name);
    }
    // The newest first, so that a kill in between leaves none without what it needs. Exports need
    // nothing: the oldest first.
    if (!options_.keep_named) std::reverse(doomed.begin(), doomed.end());
    const std::vector<std::string> failures = remove_all(inside, doomed, fence);
    run.record().counts["removed"] = doomed.size() - failures.size();
    for (const std::string& line : remove_leftovers(inside, entries, fence)) {
      log::info(inside, line);
    }
    if (!failures.empty()) {
      throw Failed("prune " + datastore_.store(),
                   fmt::format("{} of {} could not be removed: {}", failures.size(), doomed.size(),
                               fmt::join(failures, "; ")),
                   "the others are gone; prune again when the cause is mended");
    }
    decisions.insert(decisions.end(), orphans.begin(), orphans.end());
    return decisions;
  });
}

}  // namespace holdfast::job
