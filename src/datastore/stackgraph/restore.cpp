#include "datastore/stackgraph/restore.h"

#include <fmt/format.h>
#include <functional>
#include <sstream>

#include "base/error.h"
#include "base/log.h"
#include "datastore/stackgraph/backup.h"
#include "datastore/stackgraph/proof.h"
#include "datastore/stackgraph/workspace.h"

namespace holdfast::datastore::sg {

namespace {

struct PlanDetails {
  FoundGraph found;
  bool force = false, safety_backup = true;
};

void add_conflicts(const Context& context, GraphTool& tool, const PlanRequest& request,
                   RestorePlan& plan) {
  if (request.force || tool.is_empty(context) != false) return;
  plan.conflicts.push_back(
      request.mode == RestoreMode::kScratch
          ? "the graph of holdfast.stackgraph.drillUrl is not empty: look whose data that is; a "
            "drill clears only what it has brought"
          : std::string(kNotEmpty) + ": --force replaces the data that is there");
}

void add_steps(const FoundGraph& found, const PlanRequest& request, RestorePlan& plan) {
  plan.steps.push_back(fmt::format("{} {} and check every byte of it",
                                   found.local.empty() ? "fetch" : "read", found.graph.name));
  if (!request.force) {
    plan.steps.push_back("import it, if the graph is empty");
  } else {
    if (request.safety_backup) {
      plan.steps.push_back("export the data that is there into the bucket, as a safety copy");
    }
    plan.steps.push_back("import it: the data that is there is replaced");
    plan.point_of_no_return = plan.steps.back();
    if (!request.safety_backup) plan.warnings.push_back("there will be no copy of what is there");
  }
  if (!found.note) {
    plan.warnings.push_back(
        "nothing is noted with the file: what it must be is only known if "
        "its content was seen before");
  }
}

class RestoreRun {
 public:
  RestoreRun(const Context& context, const Store& store, GraphTool& tool, const RestorePlan& plan,
             Progress& progress, std::function<void()> before_import)
      : context_(context),
        store_(store),
        tool_(tool),
        plan_(plan),
        details_(*std::static_pointer_cast<const PlanDetails>(plan.details)),
        progress_(progress),
        before_import_(std::move(before_import)),
        workspace_(store.temporary_parent, store.name) {}

  RestoreOutcome run() {
    const auto [file, digest] = fetch();
    const Proof proof = prove(context_, store_, details_.found, digest);
    out_.warnings.insert(out_.warnings.end(), proof.warnings.begin(), proof.warnings.end());
    tool_.check_file(context_, file);
    tell_schema(digest);
    if (details_.force && details_.safety_backup) make_safety_copy();
    before_import_();
    import(file, proof);
    out_.bytes_fetched = details_.found.graph.bytes;
    out_.objects_fetched = details_.found.graph.parts.size();
    return out_;
  }

 private:
  struct Fetched {
    fs::path file;
    transfer::ObjectDigest digest;
  };

  Fetched fetch() {
    const StoredGraph& graph = details_.found.graph;
    if (!details_.found.local.empty()) {
      return {details_.found.local, digest_of_file(context_, details_.found.local)};
    }
    workspace_.require_space(graph.bytes, "restore of " + graph.name);
    progress_.phase("fetch", graph.bytes, graph.parts.size());
    // A key may be longer than a file's name.
    constexpr std::size_t kLongestName = 200;
    const fs::path file =
        workspace_.path() / (graph.name.size() <= kLongestName ? graph.name : "export.graph");
    std::vector<transfer::DownloadItem> items;
    std::uint64_t offset = 0;
    for (const StoredPart& part : graph.parts) {
      items.push_back({.ref = {store_.bucket, part.key},
                       .size = part.size,
                       .path = file,
                       .offset = offset,
                       .digest = {},
                       .revision = part.revision});
      offset += part.size;
    }
    const auto digests =
        transfer::download(context_, *store_.storage, items, store_.transfer, progress_);
    // The pieces of one object are those of the file; those of parts are not.
    return {file, digests.size() == 1 ? digests.front() : digest_of_file(context_, file)};
  }

  // What must be there for the data to work as it did: no import makes it.
  void tell_schema(const transfer::ObjectDigest& digest) {
    const std::optional<Note> note = find_note(context_, store_, digest);
    if (!note || note->schema.empty()) return;
    progress_.note("when it was backed up, the graph had beside its data:");
    std::istringstream lines(note->schema);
    for (std::string line; std::getline(lines, line);) progress_.note("  " + line);
  }

  void make_safety_copy() {
    if (tool_.is_empty(context_) == true) return;
    progress_.note("a copy of the data that is there is made first");
    OpenFence open;
    try {
      safety_copy_ =
          run_backup(context_, store_, workspace_, "before-restore-", {}, open, progress_).name;
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      throw_error(error.kind(), "safety copy before the restore", error.to_string(),
                  "nothing is touched; with --no-safety-backup the restore does without");
    }
    out_.facts.push_back("the data from before is in " + safety_copy_);
  }

  std::string way_back() const {
    if (!safety_copy_.empty()) {
      return fmt::format("the data from before is in {0}: holdfast restore {1} {0} --force",
                         safety_copy_, store_.name);
    }
    return "what came in may be a part: restore once more, with --force";
  }

  void import(const fs::path& file, const Proof& proof) {
    try {
      tool_.import_graph(context_, file, details_.force, progress_);
      if (proof.note) compare(*proof.note);
    } catch (const Error& error) {
      const bool is_untouched = error.kind() == ErrorKind::kRefused && !details_.force;
      if (is_untouched) throw;
      throw_error(error.kind(), error.subject(), error.reason(),
                  error.advice().empty() ? way_back() : error.advice() + "; " + way_back(),
                  error.code());
    }
  }

  void compare(const Note& note) {
    const Measurement& noted = note.measured;
    if (noted.counts.empty() && noted.hashes.empty()) return;
    progress_.phase("compare", 0, 0);
    const Measurement now = tool_.measure(context_);
    for (const auto& [name, count] : noted.counts) {
      auto there = now.counts.find(name);
      if (there == now.counts.end() || there->second != count) {
        throw Corrupt("restore of " + plan_.name,
                      fmt::format("the graph has {} {}, and the backup {}",
                                  there == now.counts.end() ? 0 : there->second, name, count));
      }
      out_.facts.push_back(fmt::format("{} {}, as noted", count, name));
    }
    for (const auto& [name, hash] : noted.hashes) {
      auto there = now.hashes.find(name);
      if (there != now.hashes.end() && there->second == hash) continue;
      throw Corrupt("restore of " + plan_.name,
                    "the counts are those of the backup, but some content is not");
    }
  }

  const Context& context_;
  const Store& store_;
  GraphTool& tool_;
  const RestorePlan& plan_;
  const PlanDetails& details_;
  Progress& progress_;
  std::function<void()> before_import_;
  Workspace workspace_;
  std::string safety_copy_;
  RestoreOutcome out_;
};

}  // namespace

RestorePlan plan_restore(const Context& context, const Store& store, GraphTool& tool,
                         const PlanRequest& request) {
  FoundGraph found = find_graph(context, store, request.name);
  refuse_newer(found);
  if (!found.graph.broken_because.empty()) {
    throw Corrupt("backup " + request.name, found.graph.broken_because,
                  "choose another one: holdfast list " + store.name);
  }
  PlanRequest wanted = request;
  wanted.force = (request.force || store.always_replaces) && request.mode != RestoreMode::kScratch;
  RestorePlan plan;
  plan.store = store.name;
  plan.name = request.name;
  plan.mode = request.mode;
  // A local one is read where it lies.
  if (found.local.empty()) {
    plan.backup_time = found.graph.published;
    plan.bytes_to_fetch = plan.space_needed = found.graph.bytes;
    plan.objects_to_fetch = found.graph.parts.size();
  }
  plan.space_free = free_space(temporary_parent(
      store.temporary_parent, "set holdfast." + store.name + ".temporaryFolder to a folder"));
  if (plan.space_free < plan.space_needed) {
    plan.conflicts.push_back("too little space for the file in the temporary folder");
  }
  add_conflicts(context, tool, wanted, plan);
  add_steps(found, wanted, plan);
  auto details = std::make_shared<PlanDetails>();
  details->found = std::move(found);
  details->force = wanted.force;
  details->safety_backup = request.safety_backup;
  plan.details = details;
  return plan;
}

RestoreOutcome run_restore(const Context& context, const Store& store, GraphTool& tool,
                           const RestorePlan& plan, Progress& progress,
                           const std::function<void()>& before_import) {
  return RestoreRun(context, store, tool, plan, progress, before_import).run();
}

}  // namespace holdfast::datastore::sg
