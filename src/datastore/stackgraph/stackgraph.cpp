#include "datastore/stackgraph/stackgraph.h"

#include <fmt/format.h>
#include <utility>

#include "base/error.h"
#include "datastore/stackgraph/backup.h"
#include "datastore/stackgraph/gremlin/gremlin_tool.h"
#include "datastore/stackgraph/proof.h"
#include "datastore/stackgraph/restore.h"
#include "datastore/stackgraph/stored.h"
#include "datastore/stackgraph/workspace.h"

namespace holdfast::datastore {

namespace {

using sg::StoredGraph;

// No run works at a part for longer.
constexpr auto kAbandonedAfter = std::chrono::hours(24);

class StackGraph : public Datastore {
 public:
  explicit StackGraph(sg::Store store) : store_(std::move(store)) {}

  const std::string& store() const override { return store_.name; }

  std::vector<BackupEntry> list(const Context& context) override {
    std::vector<BackupEntry> out;
    for (const StoredGraph& graph : sg::list_graphs(context, store_)) {
      BackupEntry entry;
      entry.name = graph.name;
      entry.proof = graph.parts.front().key;
      entry.kind = "file";
      entry.complete = graph.broken_because.empty();
      entry.broken_because = graph.broken_because;
      // Once its first part is there it was whole: what is lost of it since may come back.
      entry.is_abandoned = graph.parts.front().key.empty() &&
                           graph.modified + kAbandonedAfter < context.clock().now();
      if (entry.complete) entry.completed = graph.published;
      entry.bytes = graph.bytes;
      entry.objects = graph.parts.size();
      if (graph.date) entry.details["date"] = *graph.date;
      out.push_back(std::move(entry));
    }
    return out;
  }

  BackupOutcome backup(const Context& context, const BackupRequest& request, Fence& fence,
                       Progress& progress) override {
    sg::require_times_in_names(store_.names, store_.name);
    const sg::Workspace workspace(store_.temporary_parent, store_.name);
    return sg::run_backup(context, store_, workspace, "", request, fence, progress);
  }

  RestorePlan plan(const Context& context, const PlanRequest& request) override {
    const bool is_drill = request.mode == RestoreMode::kScratch;
    if (is_drill && !store_.drill_tool) refuse_drill();
    return sg::plan_restore(context, store_, is_drill ? *store_.drill_tool : *store_.tool, request);
  }

  RestoreOutcome restore(const Context& context, const RestorePlan& plan,
                         Progress& progress) override {
    if (plan.mode != RestoreMode::kScratch) {
      return sg::run_restore(context, store_, *store_.tool, plan, progress);
    }
    try {
      return sg::run_restore(context, store_, *store_.drill_tool, plan, progress,
                             [this] { drilled_ = true; });
    } catch (const Refused&) {
      drilled_ = false;  // somebody's data has come into it meanwhile
      throw;
    }
  }

  VerifyReport verify(const Context& context, const VerifyRequest& request,
                      Progress& progress) override {
    const sg::FoundGraph found = sg::find_graph(context, store_, request.name);
    sg::refuse_newer(found);
    VerifyReport report;
    report.objects = found.graph.parts.size();
    report.bytes = found.graph.bytes;
    if (!found.note) report.objects_without_checksum = report.objects;
    if (!found.graph.broken_because.empty()) {
      report.problems.push_back(found.graph.broken_because);
      return report;
    }
    if (!request.deep) return report;
    progress.phase("verify", found.graph.bytes, found.graph.parts.size());
    try {
      const sg::Proof proof = sg::prove_stored(context, store_, found, progress);
      report.warnings = proof.warnings;
      if (proof.note) report.objects_without_checksum = 0;
    } catch (const Corrupt& error) {
      report.problems.push_back(error.reason());
    }
    return report;
  }

  Measurement measure(const Context& context, const MeasureTarget& target) override {
    if (target.scratch) return store_.drill_tool->measure(context);
    return store_.tool->measure(context);
  }

  std::optional<Measurement> recorded(const Context& context, const std::string& name) override {
    const sg::FoundGraph found = sg::find_graph(context, store_, name);
    if (!found.note) return std::nullopt;
    return found.note->measured;
  }

  void remove(const Context& context, const std::string& name, Fence& fence) override {
    const sg::FoundGraph found = sg::find_graph(context, store_, name);
    for (const sg::StoredPart& part : found.graph.parts) {
      if (part.key.empty()) continue;
      fence.check();
      storage::remove_one(*store_.storage, context, {store_.bucket, part.key});
    }
    // The zip of its StackPacks, where there is one.
    storage::remove_one(*store_.storage, context, sg::stack_packs_of(store_, name));
    if (found.note && found.note->name == name) sg::remove_note(context, store_, *found.note);
  }

  std::vector<std::string> clean(const Context& context, Fence& fence) override {
    const unsigned removed = sg::remove_idle_notes(context, store_, fence);
    if (removed == 0) return {};
    return {fmt::format("removed {} notes of exports that are gone", removed)};
  }

  // A killed drill's data stays: the next drill says so.
  std::vector<std::string> recover(const Context& context) override {
    if (!std::exchange(drilled_, false)) return {};
    SilentProgress silent;
    store_.drill_tool->clear(context, silent);
    return {"cleared the graph for drills"};
  }

 private:
  [[noreturn]] void refuse_drill() const {
    throw Unsupported(
        "drill " + store_.name, "no graph is named that it may fill and clear",
        "set holdfast.stackgraph.drillUrl (with driver gremlin), or use verify --deep");
  }

  sg::Store store_;
  bool drilled_ = false;  // what is in the graph for drills is ours
};

}  // namespace

std::unique_ptr<Datastore> make_stackgraph(const StackGraphOptions& options,
                                           storage::Storage& storage) {
  sg::check_rules(options.names, "backupNameParseRegexp of " + options.store);
  sg::Store store;
  store.name = options.store;
  store.always_replaces = options.always_replaces;
  store.local_folder = options.local_folder;
  store.most_local = options.most_local;
  store.bucket = options.bucket;
  store.prefix = options.prefix.empty() ? "" : options.prefix + "/";
  store.names = options.names;
  store.zone = options.zone;
  store.split_bytes = options.split_bytes;
  store.temporary_parent = options.temporary_folder;
  store.transfer = options.transfer;
  store.tool = options.gremlin ? sg::make_gremlin_tool(*options.gremlin)
                               : sg::make_command_tool(options.commands);
  if (options.drill_gremlin) store.drill_tool = sg::make_gremlin_tool(*options.drill_gremlin);
  store.stack_packs = options.commands;
  store.stack_packs.what = "the StackPacks";
  store.stack_packs.export_command = options.stack_packs_command;
  store.storage = &storage;
  return std::make_unique<StackGraph>(std::move(store));
}

}  // namespace holdfast::datastore
