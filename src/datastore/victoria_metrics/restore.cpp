#include "datastore/victoria_metrics/restore.h"

#include <vector>

#include "base/error.h"
#include "datastore/victoria_metrics/data_folder.h"
#include "datastore/victoria_metrics/fill.h"
#include "datastore/victoria_metrics/layout.h"
#include "datastore/victoria_metrics/local.h"
#include "datastore/victoria_metrics/swap.h"
#include "transfer/transfer.h"

namespace holdfast::datastore::vm {

namespace {

constexpr std::size_t kBatch = 2048;  // objects checked in one transfer

const PlanDetails& details_of(const RestorePlan& plan) {
  if (!plan.details) throw InvalidArgument("restore " + plan.name, "the plan is another store's");
  return *static_cast<const PlanDetails*>(plan.details.get());
}

FileLock require_server_stopped(const fs::path& data_path) {
  auto lock = lock_for_server(data_path);
  if (!lock) {
    throw Refused("restore into " + data_path.string(), "the server is running on this folder",
                  "stop it first");
  }
  return std::move(*lock);
}

RestoreOutcome run_staged(const Context& context, const Store& store, const PlanDetails& details,
                          Progress& progress) {
  const fs::path& target = details.target;
  make_folders(target);
  FileLock ours = lock_for_us(target);
  FileLock servers = require_server_stopped(target);
  if (swap_is_pending(target)) {
    throw Refused("restore into " + target.string(), "an earlier restore is half done",
                  "start again: it is finished first");
  }
  if (path_exists(staging_of(target))) remove_tree(staging_of(target));
  fs::path staged = staged_data_of(target);
  make_folders(staged);
  try {
    RestoreOutcome outcome = fill(context, store, details, staged, target, progress);
    give_to_owner_of(staging_of(target), target);
    sync_folders(staging_of(target));
    context.check("restore");
    progress.phase("swap", 0, 0);
    swap_in(target);
    return outcome;
  } catch (...) {
    // A swap that was begun tells so in its journal: that is for the next start to finish.
    if (!swap_is_pending(target)) {
      std::error_code ignored;
      fs::remove_all(staging_of(target), ignored);
    }
    throw;
  }
}

// Names at the top that mean nothing beside other data.
void drop_caches(const fs::path& target) {
  for (const std::string& name : cache_names()) remove_tree(target / name);
}

void remove_what_is_not_in_the_backup(const Context& context, const PlanDetails& details) {
  RestoreStepReader reader(*details.steps);
  while (auto step = reader.next()) {
    context.check("restore");
    if (step->action != RestoreAction::kRemove) continue;
    remove_file_if_there(details.target / step->entry.piece.path);
  }
}

// A file that is there with another size stands in the way of the download.
void remove_what_will_be_fetched(const Context& context, const PlanDetails& details) {
  RestoreStepReader reader(*details.steps);
  while (auto step = reader.next()) {
    context.check("restore");
    if (step->action != RestoreAction::kFetch) continue;
    fs::path path = details.target / step->entry.piece.path;
    if (path_exists(path)) remove_file(path);
  }
}

// Locks, half-written files and folders that lost all their files. What stays of an index table or
// a part, and be it an empty folder, the next server would take for a table or part of its own.
// Links go as what they are, with nothing behind them.
void sweep(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
  for (const fs::path& path : paths) {
    fs::file_status status = fs::symlink_status(path);
    if (fs::is_directory(status)) {
      sweep(path);
      if (fs::is_empty(path)) remove_tree(path);
    } else if (!fs::is_regular_file(status) || is_never_backed_up(path.filename().string())) {
      remove_file(path);
    }
  }
}

void sweep_data(const fs::path& target) {
  for (const std::string& name : server_folders()) {
    const fs::path folder = target / name;
    fs::file_status status = fs::symlink_status(folder);
    if (fs::is_symlink(status)) {
      remove_file(folder);
    } else if (fs::is_directory(status)) {
      sweep(folder);
    }
  }
}

void require_no_link(const fs::path& target) {
  std::string linked = linked_name(target);
  if (linked.empty()) return;
  throw Refused("restore into " + target.string(), linked + " is a symlink",
                "put a folder or a mount in its place first");
}

// Reads every object that will be fetched to its end, while the old data is still there.
void check_what_will_be_fetched(const Context& context, const Store& store, const RestorePlan& plan,
                                Progress& progress) {
  const PlanDetails& details = details_of(plan);
  progress.phase("check", plan.bytes_to_fetch, plan.objects_to_fetch);
  std::vector<transfer::VerifyItem> items;
  auto check = [&] {
    for (const auto& result :
         transfer::verify(context, *store.place.storage, items, store.options.transfer, progress)) {
      if (!result.error) continue;
      throw Corrupt("restore " + plan.name, result.error->subject() + ": " + result.error->reason(),
                    "nothing was touched; restore another version, or see all damage with "
                    "holdfast verify --deep");
    }
    items.clear();
  };
  RestoreStepReader reader(*details.steps);
  while (auto step = reader.next()) {
    if (step->action != RestoreAction::kFetch) continue;
    const ManifestEntry& entry = step->entry;
    items.push_back({store.place.object(details.state.folder.name, entry.piece.name()),
                     entry.piece.size, entry.digest});
    if (items.size() == kBatch) check();
  }
  check();
}

RestoreOutcome overwrite(const Context& context, const Store& store, const PlanDetails& details,
                         Progress& progress) {
  const fs::path& target = details.target;
  drop_caches(target);
  sweep_data(target);  // the links first: no path below may lead through one
  remove_what_is_not_in_the_backup(context, details);
  remove_what_will_be_fetched(context, details);
  sweep_data(target);
  RestoreOutcome outcome = fill(context, store, details, target, target, progress);
  for (const std::string& name : server_folders()) {
    if (path_exists(target / name)) give_to_owner_of(target / name, target);
  }
  for (const std::string& name : data_names()) {
    if (!path_exists(target / name)) continue;
    give_one_to_owner_of(target / name, target);
    sync_folders(target / name);
  }
  return outcome;
}

RestoreOutcome run_in_place(const Context& context, const Store& store, const RestorePlan& plan,
                            Progress& progress) {
  const PlanDetails& details = details_of(plan);
  const fs::path& target = details.target;
  make_folders(target);
  FileLock ours = lock_for_us(target);
  FileLock servers = require_server_stopped(target);
  require_no_link(target);
  check_what_will_be_fetched(context, store, plan, progress);
  fs::path flag = target / kInProgressName;
  if (!path_exists(flag)) create_file(flag);
  sync_folder(target);
  try {
    progress.phase("fetch", plan.bytes_to_fetch + plan.bytes_to_reuse, 0);
    RestoreOutcome outcome = overwrite(context, store, details, progress);
    remove_file(flag);
    sync_folder(target);
    return outcome;
  } catch (const Error& error) {
    throw_error(error.kind(), error.subject(), error.reason(),
                target.string() +
                    " is half restored and no server starts on it: start this "
                    "restore again, or restore another version in place",
                error.code());
  }
}

RestoreOutcome run_scratch(const Context& context, const Store& store, const PlanDetails& details,
                           Progress& progress) {
  make_folders(details.target);
  return fill(context, store, details, details.target, details.target, progress);
}

}  // namespace

RestoreOutcome run_restore(const Context& context, const Store& store, const RestorePlan& plan,
                           Progress& progress) {
  const PlanDetails& details = details_of(plan);
  if (!plan.conflicts.empty()) {
    throw Refused("restore " + plan.name, plan.conflicts.front());
  }
  progress.phase("fetch", plan.bytes_to_fetch + plan.bytes_to_reuse, 0);
  switch (plan.mode) {
    case RestoreMode::kStaged:
      return run_staged(context, store, details, progress);
    case RestoreMode::kInPlace:
      return run_in_place(context, store, plan, progress);
    case RestoreMode::kScratch:
      return run_scratch(context, store, details, progress);
  }
  throw Failed("restore " + plan.name, "unknown mode");
}

}  // namespace holdfast::datastore::vm
