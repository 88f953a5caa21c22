#include "datastore/victoria_metrics/victoria_metrics.h"

#include "base/error.h"
#include "datastore/victoria_metrics/backup.h"
#include "datastore/victoria_metrics/local.h"
#include "datastore/victoria_metrics/maintain.h"
#include "datastore/victoria_metrics/restore.h"
#include "datastore/victoria_metrics/scratch_server.h"
#include "datastore/victoria_metrics/snapshot.h"
#include "datastore/victoria_metrics/swap.h"
#include "datastore/victoria_metrics/with_server.h"

namespace holdfast::datastore {

namespace {

constexpr auto kTimeToStart = std::chrono::minutes(10);  // of a server on restored data

Measurement measure_server(const Context& context, vm::Server& server) {
  Measurement out;
  out.counts["series"] = server.series(context);
  out.counts["rows"] = server.facts(context).rows;
  return out;
}

class VictoriaMetrics : public Datastore {
 public:
  explicit VictoriaMetrics(vm::Store store) : store_(std::move(store)) {}

  const std::string& store() const override { return store_.place.store; }

  std::vector<BackupEntry> list(const Context& context) override {
    return vm::list_backups(context, store_.place);
  }

  BackupOutcome backup(const Context& context, const BackupRequest& request, Fence& fence,
                       Progress& progress) override {
    if (request.kind == BackupKind::kDatedCopy) {
      return vm::run_dated_copy(context, store_, request, fence, progress);
    }
    return vm::run_backup(context, store_, request, fence, progress);
  }

  RestorePlan plan(const Context& context, const PlanRequest& request) override {
    return vm::plan_restore(context, store_, request);
  }

  RestoreOutcome restore(const Context& context, const RestorePlan& plan,
                         Progress& progress) override {
    return vm::run_restore(context, store_, plan, progress);
  }

  VerifyReport verify(const Context& context, const VerifyRequest& request,
                      Progress& progress) override {
    return vm::verify_backup(context, store_, request, progress);
  }

  Measurement measure(const Context& context, const MeasureTarget& target) override {
    if (!target.scratch) return measure_server(context, *store_.server);
    Context limited = context.with_timeout(kTimeToStart);
    vm::ScratchServer server(limited, store_.options.server_program, *target.scratch);
    auto client = vm::make_server({server.url(), Secret(), store_.options.snapshot_timeout});
    return measure_server(limited, *client);
  }

  std::optional<Measurement> recorded(const Context& context, const std::string& name) override {
    vm::Folder folder = vm::glance(context, store_.place, name);
    if (!folder.manifest_counts()) return std::nullopt;
    const Measurement& measured = folder.header->measured;
    if (measured.counts.empty() && measured.hashes.empty()) return std::nullopt;
    return measured;
  }

  void remove(const Context& context, const std::string& name, Fence& fence) override {
    vm::remove_backup(context, store_, name, fence);
  }

  std::vector<std::string> recover(const Context& context) override {
    const fs::path& data_path = store_.options.data_path;
    // Nothing of ours is made in a folder where nothing of ours is, which may be a wrong one.
    if (!path_exists(vm::staging_of(data_path)) && !vm::snapshot_was_noted(data_path)) return {};
    FileLock ours = vm::lock_for_us(data_path);
    std::vector<std::string> out = vm::remove_leaked_snapshot(context, *store_.server, data_path);
    if (!path_exists(vm::staging_of(data_path))) return out;
    // A server may run again beside leftovers; while a swap is pending none can.
    std::optional<FileLock> servers;
    if (vm::swap_is_pending(data_path)) {
      servers = vm::lock_for_server(data_path);
      if (!servers) {
        throw Refused("finish a restore into " + data_path.string(),
                      "the server is running on this folder", "stop it first");
      }
    }
    for (std::string& line : vm::recover_swap(data_path)) out.push_back(std::move(line));
    return out;
  }

 private:
  vm::Store store_;
};

}  // namespace

std::unique_ptr<Datastore> make_victoria_metrics(const VictoriaMetricsOptions& options,
                                                 storage::Storage& storage) {
  return vm::make_with_server(
      options, storage,
      vm::make_server({options.url, options.snapshot_auth_key, options.snapshot_timeout}));
}

namespace vm {

std::unique_ptr<Datastore> make_with_server(const VictoriaMetricsOptions& options,
                                            storage::Storage& storage,
                                            std::unique_ptr<Server> server) {
  Store store{
      options, {&storage, options.bucket, options.prefix, options.instance}, std::move(server), {}};
  return std::make_unique<VictoriaMetrics>(std::move(store));
}

}  // namespace vm

}  // namespace holdfast::datastore
