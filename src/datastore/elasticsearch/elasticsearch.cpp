#include "datastore/elasticsearch/elasticsearch.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "datastore/elasticsearch/backup.h"
#include "datastore/elasticsearch/delete_indices.h"
#include "datastore/elasticsearch/drill.h"
#include "datastore/elasticsearch/names.h"
#include "datastore/elasticsearch/restore.h"
#include "datastore/elasticsearch/snapshots.h"
#include "datastore/elasticsearch/store.h"
#include "datastore/elasticsearch/verify.h"

namespace holdfast::datastore {

namespace {

// What cannot be named is left alone; what succeeded in saving nothing must not push out what holds
// something.
std::string state_for_retention(const es::Snapshot& snapshot) {
  if (!es::is_snapshot_name(snapshot.name)) return "UNKNOWN";
  return snapshot.state == "SUCCESS" && snapshot.indices.empty() ? "FAILED" : snapshot.state;
}

// What would end a line or change a terminal; a name that has such is nobody's to use.
std::string printable(std::string name) {
  for (char& c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return name;
}

BackupEntry entry_of(const es::Snapshot& snapshot) {
  BackupEntry entry;
  entry.name = printable(snapshot.name);
  entry.kind = "snapshot";
  entry.started = snapshot.started;
  if (snapshot.state != "IN_PROGRESS") entry.completed = snapshot.ended;
  entry.complete = snapshot.state != "IN_PROGRESS" && snapshot.broken_because.empty();
  entry.broken_because = snapshot.broken_because;
  if (snapshot.state == "IN_PROGRESS") entry.broken_because = "it is still being taken";
  entry.bytes = snapshot.bytes.value_or(0);
  entry.objects = snapshot.shards_total;
  entry.details["state"] = state_for_retention(snapshot);
  entry.details["policy"] = snapshot.policy;
  entry.details["version"] = snapshot.version;
  entry.details["indices"] = fmt::format("{}", fmt::join(snapshot.indices, ","));
  entry.details["index_count"] = std::to_string(snapshot.indices.size());
  entry.details["failed_shards"] = std::to_string(snapshot.shards_failed);
  return entry;
}

class SnapshotStore : public Elasticsearch {
 public:
  explicit SnapshotStore(es::Store store) : store_(std::move(store)), verifier_(store_) {}

  const std::string& store() const override { return store_.name; }

  std::vector<BackupEntry> list(const Context& context) override {
    register_if_missing(context);
    std::vector<BackupEntry> out;
    for (const es::Snapshot& snapshot : es::list_snapshots(context, server(), repository())) {
      out.push_back(entry_of(snapshot));
    }
    return out;
  }

  BackupOutcome backup(const Context& context, const BackupRequest& request, Fence& fence,
                       Progress& progress) override {
    return es::run_backup(context, store_, request, fence, progress);
  }

  RestorePlan plan(const Context& context, const PlanRequest& request) override {
    if (request.mode == RestoreMode::kScratch) drills_ = true;
    register_if_missing(context);
    return es::plan_restore(context, store_, request);
  }

  RestoreOutcome restore(const Context& context, const RestorePlan& plan,
                         Progress& progress) override {
    if (plan.mode != RestoreMode::kScratch) return es::run_restore(context, store_, plan, progress);
    drill_ = std::static_pointer_cast<const es::PlanDetails>(plan.details)->state;
    es::restore_made(context, store_, *drill_, progress);
    RestoreOutcome out;
    out.bytes_fetched = plan.bytes_to_fetch;
    return out;
  }

  VerifyReport verify(const Context& context, const VerifyRequest& request,
                      Progress& progress) override {
    return verifier_.verify(context, request, progress);
  }

  Measurement measure(const Context& context, const MeasureTarget& target) override {
    if (target.scratch && drill_) return es::measure_drill(context, server(), *drill_);
    return es::measure_live(context, server(), store_.options.policy.indices);
  }

  std::optional<Measurement> recorded(const Context& context, const std::string& name) override {
    return es::documents_of(context, store_, name);
  }

  void remove(const Context& context, const std::string& name, Fence& fence) override {
    fence.check();
    if (!es::is_snapshot_name(name)) {
      throw Corrupt("remove the snapshot " + name, "none could be called so: it means others",
                    "somebody has changed the repository's files");
    }
    try {
      server().call(context, "DELETE",
                    "/_snapshot/" + es::in_path(repository()) + "/" + es::in_path(name), nullptr);
    } catch (const NotFound&) {
      // An earlier run has done it.
    }
  }

  std::vector<std::string> recover(const Context& context) override {
    std::vector<std::string> lines;
    // A drill changes nothing of others', and must not touch a restore that is under way.
    if (!drills_) lines = es::recover_restore(context, store_);
    std::vector<std::string> ended;
    if (drill_) ended.push_back(drill_->id);
    for (std::string& line : es::remove_drills(context, server(), ended)) {
      lines.push_back(std::move(line));
    }
    drill_.reset();
    return lines;
  }

  std::vector<std::string> clean(const Context& context, Fence& fence) override {
    fence.check();
    const nlohmann::json answer = server().call(
        context, "POST", "/_snapshot/" + es::in_path(repository()) + "/_cleanup", nullptr);
    const nlohmann::json& results = es::member(answer, "results");
    const std::uint64_t blobs = es::number_in(results, "deleted_blobs");
    if (blobs == 0) return {};
    return {fmt::format("removed {} files of {} bytes that no snapshot needs", blobs,
                        es::number_in(results, "deleted_bytes"))};
  }

  std::vector<std::string> register_repository(const Context& context, bool reconfigure) override {
    if (!reconfigure) return es::ensure_repository(context, server(), store_.options.repository);
    es::reconfigure_repository(context, server(), store_.options.repository);
    return {};
  }

  std::vector<IndexRow> indices(const Context& context, const std::string& pattern) override {
    return es::rows_of(context, server(), pattern);
  }

  void delete_indices(const Context& context, const std::vector<std::string>& names,
                      Progress& progress) override {
    es::delete_by_hand(context, server(), names, progress);
  }

 private:
  es::Server& server() { return *store_.server; }
  const std::string& repository() const { return store_.options.repository.name; }

  // A new cluster beside an old bucket lists and restores what is there.
  void register_if_missing(const Context& context) {
    for (const std::string& line :
         es::ensure_repository(context, server(), store_.options.repository)) {
      log::warning(context, line);
    }
  }

  es::Store store_;
  es::SnapshotVerifier verifier_;
  bool drills_ = false;  // and holds no lease: what others restore is not its affair
  std::optional<es::RestoreState> drill_;  // the scratch restore of this object
};

}  // namespace

std::unique_ptr<Elasticsearch> make_elasticsearch(const ElasticsearchOptions& options,
                                                  storage::Storage& storage) {
  es::ServerOptions server = options.server;
  for (const auto& [name, value] : options.repository.settings) {
    if (es::is_secret_setting(name)) server.secrets.push_back(value);
  }
  return std::make_unique<SnapshotStore>(es::Store{options, es::make_server(server), &storage});
}

}  // namespace holdfast::datastore
