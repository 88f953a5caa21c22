#include "datastore/clickhouse/clickhouse.h"

#include <algorithm>

#include "base/error.h"
#include "datastore/clickhouse/backup.h"
#include "datastore/clickhouse/commit.h"
#include "datastore/clickhouse/drill.h"
#include "datastore/clickhouse/freeze.h"
#include "datastore/clickhouse/restore.h"
#include "datastore/clickhouse/restore_journal.h"
#include "datastore/clickhouse/store.h"
#include "datastore/clickhouse/swap.h"
#include "datastore/clickhouse/verify.h"
#include "datastore/local.h"

namespace holdfast::datastore {

namespace {

BackupEntry entry_of(const ch::Place& place, const ch::Backup& backup) {
  BackupEntry entry;
  entry.name = backup.name;
  entry.proof = place.object(backup.name, ch::kDocumentName).key;
  entry.complete = backup.broken_because.empty();
  entry.broken_because = backup.broken_because;
  entry.started = ch::time_of_backup(backup.name);
  if (entry.complete) {
    entry.completed = backup.uploaded;
    entry.bytes = backup.document.compressed_size + backup.document.metadata_size;
    entry.parent = backup.document.required_backup;
    entry.kind = entry.parent.empty() ? "full" : "incremental";
    entry.details["format"] = backup.document.data_format;
    entry.details["tags"] = backup.document.tags;
    entry.details["clickhouse_version"] = backup.document.clickhouse_version;
    entry.details["made_by"] = backup.document.version;
  } else {
    entry.kind = "broken";
    entry.is_abandoned = backup.is_abandoned;
  }
  return entry;
}

class ClickHouse : public Datastore {
 public:
  explicit ClickHouse(ch::Store store) : store_(std::move(store)) {}

  const std::string& store() const override { return store_.place.store; }

  std::vector<BackupEntry> list(const Context& context) override {
    std::vector<BackupEntry> out;
    for (const ch::Backup& backup : ch::open_all(context, store_.place)) {
      out.push_back(entry_of(store_.place, backup));
    }
    return out;
  }

  BackupOutcome backup(const Context& context, const BackupRequest& request, Fence& fence,
                       Progress& progress) override {
    return ch::run_backup(context, store_, request, fence, progress);
  }

  RestorePlan plan(const Context& context, const PlanRequest& request) override {
    return ch::plan_restore(context, store_, request);
  }

  RestoreOutcome restore(const Context& context, const RestorePlan& plan,
                         Progress& progress) override {
    return ch::run_restore(context, store_, plan, progress);
  }

  VerifyReport verify(const Context& context, const VerifyRequest& request,
                      Progress& progress) override {
    return ch::verify_backup(context, store_, request, progress);
  }

  Measurement measure(const Context& context, const MeasureTarget& target) override {
    if (target.scratch) {
      return ch::measure_scratch(context, *store_.server, ch::scratch_database(*target.scratch));
    }
    ch::Schema schema = ch::read_schema(context, *store_.server, store_.options.data_path);
    return ch::measure_live(context, *store_.server, schema, store_.options.tables);
  }

  std::optional<Measurement> recorded(const Context& context, const std::string& name) override {
    ch::Backup backup = ch::open_backup(context, store_.place, name);
    if (!backup.broken_because.empty()) return std::nullopt;
    ch::read_manifest_of(context, store_.place, backup);
    if (!backup.manifest) return std::nullopt;
    return Measurement{backup.manifest->rows(), {}};
  }

  void remove(const Context& context, const std::string& name, Fence& fence) override {
    ch::remove_folder(context, store_.place, name, fence);
  }

  std::vector<std::string> recover(const Context& context) override {
    const fs::path& data_path = store_.options.data_path;
    // Nothing of ours is made in a folder where nothing of ours is, which may be a wrong one.
    const bool is_new = fs::is_directory(data_path) && !path_exists(data_path / kLockName);
    if (is_new && !ch::drill_was_noted(data_path)) return {};
    FileLock ours =
        lock_for_us(data_path, "set holdfast.clickhouse.dataPath to the server's data folder");
    ch::RestoreJournal journal(data_path);
    const bool was_restoring = journal.read().phase != ch::RestoreJournal::Phase::kNone;
    std::vector<std::string> out;
    std::vector<fs::path> disks = {data_path};
    if (was_restoring || ch::drill_was_noted(data_path)) {
      const ch::Schema schema = ch::read_schema(context, *store_.server, data_path);
      SilentProgress silent;
      out = ch::recover_restore(context, {*store_.server, schema, journal}, silent);
      for (std::string& line :
           ch::remove_ended_drills(context, *store_.server, schema, data_path)) {
        out.push_back(std::move(line));
      }
      for (const ch::Disk& disk : schema.disks) disks.push_back(disk.path);
    }
    for (std::string& line : ch::remove_leaked_shadows(disks)) out.push_back(std::move(line));
    return out;
  }

 private:
  ch::Store store_;
};

}  // namespace

std::unique_ptr<Datastore> make_clickhouse(const ClickHouseOptions& options,
                                           storage::Storage& storage) {
  ch::Store store{
      options,
      {&storage, options.bucket, options.prefix, "clickhouse", options.transfer.threads},
      ch::make_server({options.url, options.user, options.password}),
  };
  return std::make_unique<ClickHouse>(std::move(store));
}

std::vector<std::string> clickhouse_chain(const Context& context, storage::Storage& storage,
                                          const std::string& bucket, const std::string& prefix,
                                          const std::string& name) {
  const ch::Place place{&storage, bucket, prefix, "clickhouse"};
  std::vector<std::string> chain;
  for (std::string next = name; !next.empty();) {
    try {
      next = ch::open_backup(context, place, next).document.required_backup;
    } catch (const NotFound&) {
      break;  // who copies the last one that was found is told that it is not complete
    }
    const bool is_circle = std::find(chain.begin(), chain.end(), next) != chain.end();
    if (next.empty() || next == name || is_circle) break;
    chain.push_back(next);
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

}  // namespace holdfast::datastore
