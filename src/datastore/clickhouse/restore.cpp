#include "datastore/clickhouse/restore.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/operation.h"
#include "base/random.h"
#include "datastore/clickhouse/drill.h"
#include "datastore/clickhouse/freeze.h"
#include "datastore/clickhouse/part.h"
#include "datastore/clickhouse/rename.h"
#include "datastore/clickhouse/swap.h"
#include "datastore/clickhouse/targets.h"
#include "datastore/clickhouse/unpack.h"
#include "datastore/local.h"

namespace holdfast::datastore::ch {

namespace {

// A table of the backup beside the live one.
struct StagedTable {
  Target target;
  Table table;      // in the staging database
  TableName aside;  // restore_journal.h
  std::vector<TableName> views;
};

class Restore {
 public:
  Restore(const Context& context, Store& store, const PlanDetails& details, Progress& progress)
      : context_(context),
        store_(store),
        resolved_(details.resolved),
        request_(details.request),
        progress_(progress),
        journal_(store.options.data_path) {}

  RestoreOutcome run();
  RestoreOutcome run_scratch();

 private:
  SwapPlace place() { return {*store_.server, schema_, journal_}; }
  void create_missing();
  void create_one(const Missing& missing);
  void stage_tables();
  StagedTable stage_beside(const Target& target, std::size_t number);
  std::string why_not_renamed(const Table& live) const;
  void fill();
  std::map<std::string, fs::path> frozen_by_identity(const Table& live);
  void attach_all();
  void check_rows(const StagedTable& staged);
  void swap();
  void compare_rows();
  void drop_caches();

  Context context_;
  Store& store_;
  const Resolved& resolved_;
  const PlanRequest& request_;
  Progress& progress_;
  RestoreJournal journal_;
  Schema schema_;
  Targets targets_;
  Swap swap_;
  std::optional<Staging> staging_;
  std::vector<StagedTable> staged_;
  bool reuses_live_ = true;
  RestoreOutcome outcome_;
};

void Restore::create_one(const Missing& missing) {
  const std::string name = missing.name.table.empty() ? missing.name.database : missing.name.text();
  journal_.will_create({missing.kind, missing.name});
  Operation operation("ch.create", name);
  store_.server->run(context_, missing.query, schema_.permissive);
  progress_.note("created " + name);
}

// Definitions may need each other in an order that only the server knows.
void Restore::create_missing() {
  std::vector<Missing> left = targets_.missing;
  while (!left.empty()) {
    std::vector<Missing> failed;
    std::exception_ptr failure;
    for (const Missing& missing : left) {
      try {
        create_one(missing);
      } catch (const NotFound&) {
        failure = failure ? failure : std::current_exception();
        failed.push_back(missing);
      }
    }
    if (failed.size() == left.size()) std::rethrow_exception(failure);
    left = std::move(failed);
  }
}

// Why a table of another structure cannot take live's place; empty: it can.
std::string Restore::why_not_renamed(const Table& live) const {
  if (!request_.partitions.empty()) return "only some partitions are wanted";
  if (live.is_replicated()) return "it is replicated";
  if (live.name.table.starts_with(".inner")) return "it belongs to a view: drop that first";
  return "";
}

// Filled with the backup's parts the staging table gives live its rows, if live still has the
// structure of then; else it takes live's place.
StagedTable Restore::stage_beside(const Target& target, std::size_t number) {
  const TableDocument& document = target.needed->document;
  const CreateStatement recorded = parse_create(document.query, document.name.text());
  auto found = schema_.tables.find(target.live);
  if (found == schema_.tables.end()) {
    throw Failed("restore " + target.live.text(), "it could not be created");
  }
  const Table& live = found->second;
  StagedTable staged{target, staging_->create_table(recorded, fmt::format("t{}", number)), {}, {}};
  const std::string why = difference(structure_of(context_, *store_.server, staged.table),
                                     structure_of(context_, *store_.server, live));
  if (why.empty()) {
    drop_table(context_, *store_.server, schema_, staged.table.name);
    staged.table =
        staging_->create_table(parse_create(live.query, live.name.text()), staged.table.name.table);
    return staged;
  }
  const std::string obstacle = why_not_renamed(live);
  if (!obstacle.empty()) {
    throw Refused("restore " + live.name.text(),
                  fmt::format("{}, and it cannot be exchanged: {}", why, obstacle),
                  "restore it with --as DATABASE and copy the rows, or drop the table first");
  }
  staged.aside = {staging_->database(), fmt::format("old{}", number)};
  staged.views = views_on(context_, *store_.server, live.name);
  outcome_.warnings.push_back(fmt::format(
      "{} was exchanged for a table of the backup's structure: {}", live.name.text(), why));
  return staged;
}

void Restore::stage_tables() {
  for (std::size_t i = 0; i < targets_.tables.size(); ++i) {
    Target target = targets_.tables[i];
    const TableDocument& document = target.needed->document;
    if (request_.mode == RestoreMode::kScratch) {
      Table table = staging_->create_table(parse_create(document.query, document.name.text()),
                                           document.name.text());
      staged_.push_back({std::move(target), std::move(table), {}, {}});
      continue;
    }
    if (request_.as_database.empty()) {
      target.live = live_name_of_inner(target.live, resolved_, schema_);
    }
    staged_.push_back(stage_beside(target, i));
  }
}

std::map<std::string, fs::path> Restore::frozen_by_identity(const Table& live) {
  std::map<std::string, fs::path> out;
  for (const FrozenPart& part : parts_in_shadow(schema_, swap_.undo, live)) {
    out.emplace(look_at_part(part.folder).identity, part.folder);
  }
  return out;
}

// Every part's files lie where they can be attached, and have been checked.
void Restore::fill() {
  std::vector<UnpackItem> items;
  std::vector<fs::path> folders;
  std::uint64_t bytes = 0, objects = 0;
  for (const StagedTable& staged : staged_) {
    std::map<std::string, fs::path> frozen;
    if (reuses_live_) frozen = frozen_by_identity(schema_.tables.at(staged.target.live));
    for (const NeededPart* part : staged.target.parts) {
      const fs::path folder = staging_->folder_for(staged.table, part->disk, part->name);
      folders.push_back(folder);
      auto same = part->identity.empty() ? frozen.end() : frozen.find(part->identity);
      if (same != frozen.end()) {
        link_part(same->second, folder);
        outcome_.bytes_reused += part->bytes;
        ++outcome_.objects_reused;
        continue;
      }
      for (const PartObject& object : part->objects) bytes += object.size, ++objects;
      items.push_back({part, folder});
    }
  }
  progress_.phase("download", bytes, objects);
  unpack(context_, store_.place, items, store_.options.transfer, progress_);
  outcome_.bytes_fetched = bytes;
  outcome_.objects_fetched = objects;
  for (const fs::path& folder : folders) give_to_owner_of(folder, folder.parent_path());
  for (const Disk& disk : schema_.disks) {
    if (path_exists(disk.path)) sync_file_system(disk.path);
  }
}

void Restore::check_rows(const StagedTable& staged) {
  std::uint64_t expected = 0;
  for (const NeededPart* part : staged.target.parts) {
    if (!part->rows) return;  // clickhouse-backup does not tell
    expected += *part->rows;
  }
  // A merge that came before it was told to stop may have folded rows, as live would.
  const std::string engine = plain_engine(staged.target.needed->engine);
  const std::uint64_t rows = rows_of(context_, *store_.server, staged.table.name);
  if (rows == expected || (engine != "MergeTree" && rows < expected)) return;
  throw Corrupt("restore " + staged.target.live.text(),
                fmt::format("its parts hold {} rows, {} were recorded", rows, expected),
                "use another backup");
}

void Restore::attach_all() {
  std::uint64_t parts = 0;
  for (const StagedTable& staged : staged_) parts += staged.target.parts.size();
  progress_.phase("attach", 0, parts);
  for (const StagedTable& staged : staged_) {
    std::vector<std::string> names;
    for (const NeededPart* part : staged.target.parts) names.push_back(part->name);
    staging_->attach(staged.table, names);
    progress_.advance(0, names.size());
    check_rows(staged);
  }
}

void Restore::swap() {
  for (const StagedTable& staged : staged_) {
    swap_.tables.push_back({staged.target.live, staged.table.name, staged.aside, staged.views});
  }
  journal_.will_swap(swap_.tables);
  swap_in(context_, place(), swap_, progress_);
}

void Restore::compare_rows() {
  for (const StagedTable& staged : staged_) {
    const std::uint64_t rows = rows_of(context_, *store_.server, staged.target.live);
    std::string fact = fmt::format("{}: {} rows", staged.target.live.text(), rows);
    if (staged.target.needed->rows && request_.partitions.empty()) {
      const std::uint64_t recorded = *staged.target.needed->rows;
      fact += rows == recorded ? ", as recorded" : fmt::format(", {} were recorded", recorded);
    }
    outcome_.facts.push_back(std::move(fact));
  }
}

// They may hold what the replaced files held.
void Restore::drop_caches() {
  for (const char* cache : {"MARK", "UNCOMPRESSED"}) {
    try {
      store_.server->run(context_, fmt::format("SYSTEM DROP {} CACHE", cache));
    } catch (const Error& error) {
      outcome_.warnings.push_back(error.to_string());
    }
  }
}

RestoreOutcome Restore::run() {
  const fs::path& data_path = store_.options.data_path;
  schema_ = read_schema(context_, *store_.server, data_path);
  FileLock lock =
      lock_for_us(data_path, "set holdfast.clickhouse.dataPath to the server's data folder");
  targets_ = choose_targets(resolved_, request_, schema_);
  const std::string id = random_hex(8);
  swap_.backup = request_.name;
  swap_.staging = std::string(kScratchPrefix) + "restore_" + id;
  swap_.undo = std::string(kScratchPrefix) + "undo_" + id;
  swap_.partitions = request_.partitions;
  journal_.begin(swap_);
  bool is_past_staging = false;
  try {
    create_missing();
    schema_ = read_schema(context_, *store_.server, data_path);
    if (!request_.schema_only) {
      staging_.emplace(context_, *store_.server, schema_, swap_.staging);
      staging_->create_database(targets_.tables.empty() ? "" : targets_.tables[0].live.database);
      stage_tables();
      Shadow undo(context_, *store_.server, schema_, swap_.undo);
      for (const StagedTable& staged : staged_) undo.freeze(schema_.tables.at(staged.target.live));
      fill();
      attach_all();
      undo.keep();
      is_past_staging = true;
      swap();
      compare_rows();
    }
    clean_up(context_, place(), true);
  } catch (const Error&) {
    const bool was_undone = journal_.read().phase == RestoreJournal::Phase::kClearing;
    if (!is_past_staging || was_undone) {
      try {
        const Context limited = context_.detached().with_timeout(std::chrono::minutes(5));
        clean_up(limited, place(), false);
      } catch (const Error& error) {
        log::warning(context_, "the next run cleans up: " + error.to_string());
      }
    }
    throw;
  }
  drop_caches();
  return outcome_;
}

RestoreOutcome Restore::run_scratch() {
  schema_ = read_schema(context_, *store_.server, store_.options.data_path);
  targets_ = choose_targets(resolved_, request_, schema_);
  reuses_live_ = false;
  note_drill(store_.options.data_path, request_.scratch);
  staging_.emplace(context_, *store_.server, schema_, scratch_database(request_.scratch));
  staging_->create_database("");
  stage_tables();
  fill();
  attach_all();
  return outcome_;
}

}  // namespace

RestoreOutcome run_restore(const Context& context, Store& store, const RestorePlan& plan,
                           Progress& progress) {
  const auto& details = *static_cast<const PlanDetails*>(plan.details.get());
  Restore restore(context, store, details, progress);
  return plan.mode == RestoreMode::kScratch ? restore.run_scratch() : restore.run();
}

}  // namespace holdfast::datastore::ch
