#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "base/error.h"
#include "datastore/clickhouse/part.h"
#include "datastore/clickhouse/restore.h"
#include "datastore/clickhouse/targets.h"

namespace holdfast::datastore::ch {

namespace {

constexpr std::uint64_t kSpareSpace = 64 << 20;  // for the server's own work

class Planner {
 public:
  Planner(const Context& context, Store& store, const PlanRequest& request)
      : context_(context), store_(store), request_(request) {}

  RestorePlan run();

 private:
  void check_engines(const Schema& schema);
  void compare_versions(const Schema& schema);
  void count(const Schema& schema);
  std::set<std::string> live_identities(const Table& table, const Schema& schema);
  void tell_steps();

  Context context_;
  Store& store_;
  const PlanRequest& request_;
  std::shared_ptr<PlanDetails> details_ = std::make_shared<PlanDetails>();
  Targets targets_;
  RestorePlan plan_;
};

void Planner::check_engines(const Schema&) {
  std::set<std::string> known;
  for (const auto& row :
       select(context_, *store_.server, "SELECT name FROM system.table_engines")) {
    known.insert(text_of(row, "name"));
  }
  for (const Target& target : targets_.tables) {
    const std::string& engine = target.needed->engine;
    if (known.contains(engine) || engine.empty()) continue;
    plan_.conflicts.push_back(
        fmt::format("{}: this server does not have the engine {}", target.live.text(), engine));
  }
}

void Planner::compare_versions(const Schema& schema) {
  const std::string& then = details_->resolved.backup.document.clickhouse_version;
  auto major = [](const std::string& version) { return version.substr(0, version.find('.')); };
  if (then.empty() || major(then) == major(schema.version)) return;
  plan_.warnings.push_back(fmt::format(
      "the backup is from ClickHouse {}, this server is {}: definitions are tried before anything "
      "is changed",
      then, schema.version));
}

// What can be linked from the live tables, as far as can be told while they live.
std::set<std::string> Planner::live_identities(const Table& table, const Schema& schema) {
  std::set<std::string> out;
  for (const Disk& disk : schema.disks) {
    const std::string folder = folder_on(disk, table);
    if (folder.empty() || !path_exists(disk.path / folder)) continue;
    for (const auto& entry : fs::directory_iterator(disk.path / folder)) {
      const std::string name = entry.path().filename().string();
      if (!entry.is_directory() || !is_part_name(name) || name.starts_with("tmp_")) continue;
      try {
        out.insert(look_at_part(entry.path()).identity);
      } catch (const Error&) {
        continue;  // merged away meanwhile, or one that is not whole: it is fetched
      }
    }
  }
  return out;
}

void Planner::count(const Schema& schema) {
  const bool may_reuse = request_.mode != RestoreMode::kScratch;
  for (const Target& target : targets_.tables) {
    std::set<std::string> live;
    auto table = schema.tables.find(live_name_of_inner(target.live, details_->resolved, schema));
    if (may_reuse && table != schema.tables.end() && table->second.has_parts()) {
      live = live_identities(table->second, schema);
    }
    for (const NeededPart* part : target.parts) {
      std::uint64_t stored = 0;
      for (const PartObject& object : part->objects) stored += object.size;
      if (!part->identity.empty() && live.contains(part->identity)) {
        plan_.bytes_to_reuse += part->bytes;
        continue;
      }
      plan_.bytes_to_fetch += stored;
      plan_.objects_to_fetch += part->objects.size();
      plan_.space_needed += std::max(part->bytes, stored);
    }
  }
  plan_.space_free = free_space(store_.options.data_path);
  if (!request_.schema_only && plan_.space_needed + kSpareSpace > plan_.space_free) {
    plan_.conflicts.push_back(fmt::format(
        "{} bytes are free below {}, {} are needed: free "
        "some, or restore table by table with --table",
        plan_.space_free, store_.options.data_path.string(), plan_.space_needed + kSpareSpace));
  }
}

void Planner::tell_steps() {
  const bool is_scratch = request_.mode == RestoreMode::kScratch;
  if (!is_scratch) {
    for (const Missing& missing : targets_.missing) {
      const std::string name =
          missing.name.table.empty() ? missing.name.database : missing.name.text();
      plan_.steps.push_back(fmt::format("create {}, which is not there", name));
    }
  }
  if (request_.schema_only) return;
  std::uint64_t parts = 0;
  for (const Target& target : targets_.tables) parts += target.parts.size();
  plan_.steps.push_back(fmt::format("fetch and check {} parts of {} tables beside the live ones",
                                    parts, targets_.tables.size()));
  if (is_scratch) return;
  for (const Target& target : targets_.tables) {
    const std::string rows = target.needed->rows && request_.partitions.empty()
                                 ? fmt::format("{} rows", *target.needed->rows)
                                 : std::string("the rows");
    plan_.steps.push_back(
        fmt::format("replace the rows of {} by {} of the backup", target.live.text(), rows));
  }
  plan_.warnings.push_back(
      "rows that are inserted into these tables before the end are lost: stop the producers");
  plan_.warnings.push_back(
      "the rows that are there now are kept aside until the end, and put back if a step fails");
}

RestorePlan Planner::run() {
  if (request_.mode == RestoreMode::kInPlace) {
    throw InvalidArgument(
        "restore " + store_.place.store, "ClickHouse tables are restored beside and then replaced",
        "leave --in-place out; restore table by table where the disk is too small");
  }
  if (is_own_database(request_.as_database) || is_scratch_database(request_.as_database)) {
    throw InvalidArgument("restore " + store_.place.store,
                          request_.as_database + " is the server's or holdfast's own database",
                          "give --as another name");
  }
  details_->request = request_;
  details_->resolved = resolve(context_, store_.place, request_.name);
  require_whole(details_->resolved);
  const Schema schema = read_schema(context_, *store_.server, store_.options.data_path);
  targets_ = choose_targets(details_->resolved, request_, schema);
  plan_.store = store_.place.store;
  plan_.name = request_.name;
  plan_.mode = request_.mode;
  plan_.backup_time = details_->resolved.backup.uploaded;
  plan_.warnings = targets_.warnings;
  if (targets_.tables.empty() && targets_.missing.empty()) {
    plan_.conflicts.push_back("no table of the backup fits");
  }
  if (details_->resolved.unhashed > 0) {
    plan_.warnings.push_back(fmt::format(
        "{} objects have no checksum of holdfast's: the server's own in each part are checked",
        details_->resolved.unhashed));
  }
  compare_versions(schema);
  check_engines(schema);
  count(schema);
  tell_steps();
  plan_.details = std::static_pointer_cast<const void>(details_);
  return plan_;
}

}  // namespace

RestorePlan plan_restore(const Context& context, Store& store, const PlanRequest& request) {
  return Planner(context, store, request).run();
}

}  // namespace holdfast::datastore::ch
