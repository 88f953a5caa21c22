#include "job/engine.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.h"
#include "job/run.h"
#include "job/scratch.h"
#include "retention/chains.h"
#include "retention/tiers.h"

namespace holdfast::job {

using datastore::BackupEntry;
using datastore::BackupKind;
using datastore::BackupOutcome;
using datastore::PlanRequest;
using datastore::RestoreMode;
using datastore::RestoreOutcome;
using datastore::RestorePlan;
using datastore::VerifyReport;
using datastore::VerifyRequest;

Engine::Engine(datastore::Datastore& datastore, storage::Storage& catalog_storage,
               EngineOptions options)
    : datastore_(datastore), storage_(catalog_storage), options_(std::move(options)) {}

// Told at once, for a run that fails afterwards, and by the caller in the run's warnings, for those
// who see no progress.
std::vector<std::string> Engine::recover(const Context& context, Progress& progress) {
  std::vector<std::string> lines = datastore_.recover(context);
  for (const std::string& line : lines) progress.note(line);
  return lines;
}

namespace {

// The hook after the work runs whatever became of it; its own failure never hides the work's.
template <typename Work>
auto with_hooks(const Context& context, HookPair& hooks, Work work) {
  try {
    hooks.before();
    auto outcome = work();
    hooks.after(true);
    outcome.warnings.insert(outcome.warnings.end(), hooks.warnings().begin(),
                            hooks.warnings().end());
    return outcome;
  } catch (const std::exception&) {
    try {
      hooks.after(false);
    } catch (const Error& error) {
      log::warning(context, error.to_string());
    }
    throw;
  }
}

// Of a check that came to its end, and found something.
void note_problems(const std::vector<std::string>& problems, std::uint64_t more,
                   catalog::RunRecord& record) {
  const std::uint64_t count = problems.size() + more;
  if (count == 0) return;
  record.outcome = holdfast::name_of(ErrorKind::kCorrupt);
  record.error = problems.empty() ? "problems" : problems.front();
  if (count > 1) record.error += fmt::format(", and {} more", count - 1);
}

std::map<std::string, std::string> facts_for_hooks(const std::string& store, const Run& run,
                                                   const char* kind) {
  return {{"HOLDFAST_STORE", store}, {"HOLDFAST_RUN", run.id()}, {"HOLDFAST_KIND", kind}};
}

void note_in(catalog::RunRecord& record, const BackupOutcome& outcome) {
  record.name = outcome.name;
  record.changed = outcome.changed;
  record.bytes_sent = outcome.bytes_sent;
  record.objects_sent = outcome.objects_sent;
  record.bytes_reused = outcome.bytes_reused;
  record.objects_reused = outcome.objects_reused;
  record.warnings = outcome.warnings;
  record.counts = outcome.measured.counts;
  record.hashes = outcome.measured.hashes;
}

void note_in(catalog::RunRecord& record, const RestoreOutcome& outcome) {
  record.bytes_sent = outcome.bytes_fetched;
  record.objects_sent = outcome.objects_fetched;
  record.bytes_reused = outcome.bytes_reused;
  record.objects_reused = outcome.objects_reused;
  record.warnings = outcome.warnings;
}

}  // namespace

BackupOutcome Engine::backup(const Context& context, datastore::BackupRequest request,
                             Progress& progress, const RunCause& cause) {
  bool is_copy = request.kind == BackupKind::kDatedCopy;
  Run run(context, storage_, options_, datastore_.store(), is_copy ? "copy" : "backup", cause);
  request.run_id = run.record().id;
  request.due = cause.due;
  progress.belongs_to(run.id());
  return run.execute([&](const Context& inside, Fence& fence) {
    std::vector<std::string> mended = recover(inside, progress);
    HookPair hooks(inside, options_.hooks.before_backup, options_.hooks.after_backup,
                   facts_for_hooks(datastore_.store(), run, "Backup"), progress);
    BackupOutcome outcome = with_hooks(
        inside, hooks, [&] { return datastore_.backup(inside, request, fence, progress); });
    outcome.warnings.insert(outcome.warnings.begin(), mended.begin(), mended.end());
    note_in(run.record(), outcome);
    return outcome;
  });
}

namespace {

void refuse_conflicts(const RestorePlan& plan) {
  if (plan.conflicts.empty()) return;
  throw Refused(fmt::format("restore of {} {}", plan.store, plan.name),
                fmt::format("{}", fmt::join(plan.conflicts, "; also ")));
}

}  // namespace

RestoreOutcome Engine::restore(const Context& context, const PlanRequest& request,
                               Progress& progress,
                               const std::function<bool(const RestorePlan&)>& confirm) {
  Run run(context, storage_, options_, datastore_.store(), "restore");
  run.record().name = request.name;
  progress.belongs_to(run.id());
  return run.execute([&](const Context& inside, Fence& fence) {
    std::vector<std::string> mended = recover(inside, progress);
    RestorePlan plan = datastore_.plan(inside, request);
    const bool wanted = confirm(plan);
    const Hooks& commands = options_.hooks;
    // A command before may do away with what is in the way, such as a running server.
    if (commands.before_restore.command.empty()) refuse_conflicts(plan);
    if (!wanted) {
      throw Refused(fmt::format("restore of {} {}", plan.store, plan.name), "not confirmed",
                    "give --yes to restore without being asked");
    }
    HookPair hooks(inside, commands.before_restore, commands.after_restore,
                   facts_for_hooks(datastore_.store(), run, "Restore"), progress);
    RestoreOutcome outcome = with_hooks(inside, hooks, [&] {
      if (!commands.before_restore.command.empty()) plan = datastore_.plan(inside, request);
      refuse_conflicts(plan);
      fence.check();
      return datastore_.restore(inside, plan, progress);
    });
    outcome.warnings.insert(outcome.warnings.begin(), mended.begin(), mended.end());
    note_in(run.record(), outcome);
    return outcome;
  });
}

VerifyReport Engine::verify(const Context& context, const VerifyRequest& request,
                            Progress& progress, const RunCause& cause) {
  // Before the run begins: without backups there is none.
  const std::vector<std::string> names = names_to_verify(context, request.name);
  Run run(context, storage_, options_, datastore_.store(), "verify", cause, Run::Takes::kNothing);
  run.record().name = request.name;
  progress.belongs_to(run.id());
  return run.execute([&](const Context& inside, Fence&) {
    VerifyReport report = verify_all(inside, names, request.deep, progress);
    catalog::RunRecord& record = run.record();
    record.warnings = report.warnings;
    record.counts = {{"objects", report.objects}, {"bytes", report.bytes}};
    note_problems(report.problems, report.more_problems, record);
    return report;
  });
}

std::vector<std::string> Engine::names_to_verify(const Context& context,
                                                 const std::string& wanted) {
  if (!wanted.empty()) return {wanted};
  std::vector<std::string> names;
  for (const BackupEntry& entry : datastore_.list(context)) {
    if (entry.complete) names.push_back(entry.name);
  }
  if (names.empty()) throw NotFound("verify " + datastore_.store(), "there is no backup");
  return names;
}

bool Engine::is_listed(const Context& context, const std::string& name) {
  const std::vector<BackupEntry> entries = datastore_.list(context);
  return std::any_of(entries.begin(), entries.end(),
                     [&](const BackupEntry& entry) { return entry.name == name; });
}

VerifyReport Engine::verify_all(const Context& context, const std::vector<std::string>& names,
                                bool deep, Progress& progress) {
  VerifyReport total;
  const std::set<std::string> all(names.begin(), names.end());
  for (const std::string& name : names) {
    VerifyReport one;
    try {
      one = datastore_.verify(context, {name, deep, all}, progress);
    } catch (const NotFound&) {
      if (names.size() == 1 || is_listed(context, name)) throw;
      continue;  // pruned meanwhile
    }
    total.objects += one.objects;
    total.bytes += one.bytes;
    total.objects_without_checksum += one.objects_without_checksum;
    for (const std::string& problem : one.problems) total.problems.push_back(name + ": " + problem);
    for (const std::string& line : one.warnings) total.warnings.push_back(name + ": " + line);
    total.more_problems += one.more_problems;
    total.more_warnings += one.more_warnings;
  }
  return total;
}

namespace {

// Nothing when there is none.
std::optional<BackupEntry> newest_of(std::vector<BackupEntry> entries, bool settled) {
  std::erase_if(entries, [settled](const BackupEntry& entry) {
    return !entry.complete || (settled && entry.is_growing);
  });
  if (entries.empty()) return std::nullopt;
  // Of the same second the one that is listed last.
  std::reverse(entries.begin(), entries.end());
  auto older = [](const BackupEntry& a, const BackupEntry& b) { return a.completed < b.completed; };
  return *std::max_element(entries.begin(), entries.end(), older);
}

}  // namespace

std::string Engine::newest_settled(const Context& context) {
  const auto newest = newest_of(datastore_.list(context), true);
  return newest ? newest->name : "";
}

BackupEntry Engine::find_for_drill(const Context& context, const std::string& name) {
  const std::vector<BackupEntry> entries = datastore_.list(context);
  if (name.empty()) {
    if (auto newest = newest_of(entries, false)) return *newest;
    throw NotFound("drill " + datastore_.store(), "there is no backup");
  }
  for (const BackupEntry& entry : entries) {
    if (entry.name == name) return entry;
  }
  BackupEntry unlisted;  // the datastore says what it thinks of that name
  unlisted.name = name;
  return unlisted;
}

namespace {

template <typename Map>
void compare(const Map& recorded, const Map& restored, std::vector<std::string>& out) {
  for (const auto& [name, value] : recorded) {
    auto found = restored.find(name);
    if (found == restored.end()) {
      out.push_back(fmt::format("{}: {} at backup time, not measured now", name, value));
    } else if (found->second != value) {
      out.push_back(fmt::format("{}: {} at backup time, {} now", name, value, found->second));
    }
  }
}

}  // namespace

void Engine::drill_into(const Context& context, const fs::path& data, DrillReport& report,
                        Progress& progress) {
  RestorePlan plan = datastore_.plan(
      context, {.name = report.name, .mode = RestoreMode::kScratch, .scratch = data});
  if (!plan.conflicts.empty()) {
    throw Refused("drill of " + report.name,
                  fmt::format("{}", fmt::join(plan.conflicts, "; also ")));
  }
  report.bytes = datastore_.restore(context, plan, progress).bytes_fetched;
  progress.phase("start and measure", 0, 0);
  report.restored = datastore_.measure(context, {data});
}

// What a drill put elsewhere than into its folder. Another run may be at work: then the next one
// does it.
void Engine::clear_scratch(const Context& context, Progress& progress) {
  try {
    for (const std::string& line : datastore_.recover(context)) progress.note(line);
  } catch (const Error& error) {
    log::info(context, "the next run clears up after the drill: " + error.to_string());
  }
}

DrillReport Engine::drill(const Context& context, const std::string& name, Progress& progress,
                          const RunCause& cause) {
  const BackupEntry wanted = find_for_drill(context, name);
  // What the next backup changes in place must not change while it is fetched.
  const auto takes = wanted.is_growing ? Run::Takes::kLease : Run::Takes::kNothing;
  Run run(context, storage_, options_, datastore_.store(), "drill", cause, takes);
  run.record().name = wanted.name;
  progress.belongs_to(run.id());
  return run.execute([&](const Context& inside, Fence&) {
    DrillReport report = drill_one(inside, wanted.name, progress);
    run.record().bytes_sent = report.bytes;
    run.record().counts = report.restored.counts;
    note_problems(report.differences, 0, run.record());
    return report;
  });
}

DrillReport Engine::drill_one(const Context& context, const std::string& name, Progress& progress) {
  DrillReport report;
  report.name = name;
  const fs::path parent =
      options_.scratch_parent.empty() ? fs::temp_directory_path() : options_.scratch_parent;
  for (const fs::path& dead : remove_dead_scratches(parent, datastore_.store())) {
    progress.note("removed " + dead.string() + ", left by a drill that was killed");
  }
  try {
    Scratch scratch(parent, datastore_.store());
    drill_into(context, scratch.path() / "data", report, progress);
  } catch (const Error&) {
    clear_scratch(context, progress);
    throw;
  }
  clear_scratch(context, progress);
  auto recorded = datastore_.recorded(context, report.name);
  if (!recorded || (recorded->counts.empty() && recorded->hashes.empty())) {
    report.nothing_recorded = true;
    return report;
  }
  report.recorded = *recorded;
  compare(report.recorded.counts, report.restored.counts, report.differences);
  compare(report.recorded.hashes, report.restored.hashes, report.differences);
  return report;
}

}  // namespace holdfast::job
