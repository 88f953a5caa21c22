#include "datastore/elasticsearch/swap.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/log.h"
#include "datastore/elasticsearch/cluster.h"

namespace holdfast::datastore::es {

namespace {

using Json = nlohmann::json;

constexpr Duration kLongestClone = std::chrono::minutes(30);

// Whether `index` was cloned from `made`.
bool is_clone_of(const Context& context, Server& server, const std::string& index,
                 const std::string& made_uuid) {
  const auto settings = settings_of(context, server, index);
  auto source = settings.find("index.resize.source.uuid");
  return source != settings.end() && source->second == made_uuid;
}

class Swap {
 public:
  Swap(const Context& context, Server& server, const RestoredIndex& index)
      : context_(context), server_(server), index_(index) {}

  // False: the temporary index is gone, and nothing of it is under the name.
  bool run() {
    const auto there = find_indices(context_, server_, {index_.name});
    const auto made = find_indices(context_, server_, {index_.made});
    if (made.empty()) {
      // All that was left to do was to note it, if it is the temporary one's clone.
      return !there.empty() && !index_.made_uuid.empty() &&
             is_clone_of(context_, server_, index_.name, index_.made_uuid);
    }
    made_ = made.at(index_.made);
    if (there.empty()) {
      clone();
    } else if (there.at(index_.name).uuid == index_.old_uuid) {
      delete_indices(context_, server_, {index_.name});
      clone();
    } else if (!is_clone_of(context_, server_, index_.name, made_.uuid)) {
      stop();
    }
    wait_until_up();
    const auto now = find_indices(context_, server_, {index_.name});
    if (now.contains(index_.name) && now.at(index_.name).is_open) require_documents();
    put_back();
    delete_indices(context_, server_, {index_.made});
    return true;
  }

 private:
  std::string path() const { return "/" + in_path(index_.name); }

  void clone() {
    // Blocks are put on at the end: they would stop the clone itself.
    Json settings = {{"index.blocks.write", nullptr}, {"index.auto_expand_replicas", nullptr}};
    for (const auto& [name, value] : index_.settings) {
      if (!name.starts_with("index.blocks.")) settings[name] = value;
    }
    try {
      clone_with({{"settings", settings}, {"aliases", index_.aliases}});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kFailed && error.kind() != ErrorKind::kInvalidArgument) throw;
      // A setting that this cluster does not know, an alias that came in between: better an index
      // without them than none. put_back() tries again, and tells.
      clone_with({{"settings", {{"index.blocks.write", nullptr}}}});
    }
  }

  void clone_with(const Json& body) {
    try {
      server_.call(context_, "POST",
                   fmt::format("/{}/_clone/{}?wait_for_active_shards=0", in_path(index_.made),
                               in_path(index_.name)),
                   body);
    } catch (const PreconditionFailed&) {
      if (!is_clone_of(context_, server_, index_.name, made_.uuid)) stop();
    }
  }

  void wait_until_up() {
    const Context patient = context_.with_timeout(kLongestClone);
    Pause pause;
    while (!primaries_are_up(patient, server_, index_.name)) {
      pause.take(patient, "wait for the index " + index_.name);
    }
  }

  // What is told by the snapshot and not by the clone: aliases, then blocks, then closed.
  void put_back() {
    Json actions = Json::array();
    for (const auto& [alias, details] : index_.aliases.items()) {
      Json add = details;
      add["index"] = index_.name;
      add["alias"] = alias;
      actions.push_back({{"add", add}});
    }
    if (!actions.empty()) server_.call(context_, "POST", "/_aliases", {{"actions", actions}});
    put_settings();
    if (index_.was_closed) server_.call(context_, "POST", path() + "/_close", nullptr);
  }

  void put_settings() {
    // A null in the clone's request lifts the setting and leaves its key; this removes that too.
    Json settings = {{"index.blocks.write", nullptr}};
    if (!index_.settings.contains("index.auto_expand_replicas")) {
      settings["index.auto_expand_replicas"] = nullptr;
    }
    for (const auto& [name, value] : index_.settings) settings[name] = value;
    try {
      server_.call(context_, "PUT", path() + "/_settings", settings);
    } catch (const InvalidArgument& error) {
      // The snapshot may be of a cluster with lifecycle management, and this one have none.
      Json known = Json::object();
      for (const auto& [name, value] : settings.items()) {
        if (!name.starts_with("index.lifecycle.")) known[name] = value;
      }
      if (known.size() == settings.size()) throw;
      log::warning(context_, index_.name + " has no lifecycle policy now: " + error.reason());
      server_.call(context_, "PUT", path() + "/_settings", known);
    }
  }

  void require_documents() {
    server_.call(context_, "POST", path() + "/_refresh", nullptr);
    const auto now = find_indices(context_, server_, {index_.name, index_.made});
    if (!now.contains(index_.name) || !now.contains(index_.made)) {
      throw Failed("swap in " + index_.name, "it is gone again",
                   "look who removes indices, then run holdfast again: it goes on");
    }
    // Whoever writes into it already makes it larger.
    if (now.at(index_.name).documents < now.at(index_.made).documents) {
      throw Corrupt("swap in " + index_.name,
                    fmt::format("{} documents of {}", now.at(index_.name).documents,
                                now.at(index_.made).documents),
                    "the temporary index " + index_.made + " is kept; run holdfast again");
    }
  }

  [[noreturn]] void stop() {
    throw Refused(
        "swap in " + index_.name,
        "somebody has made an index of that name meanwhile; what is restored is kept as " +
            index_.made,
        fmt::format("stop what writes into it, then: holdfast elasticsearch delete-indices {} "
                    "--yes, and run holdfast again: it goes on",
                    index_.name));
  }

  const Context& context_;
  Server& server_;
  const RestoredIndex& index_;
  LiveIndex made_;
};

}  // namespace

void swap_all(const Context& context, Server& server, RestoreJournal& journal, RestoreState& state,
              Progress& progress) {
  progress.phase("swap in", 0, state.indices.size());
  std::vector<std::string> lost;
  for (RestoredIndex& index : state.indices) {
    progress.advance(0, 1);
    if (index.is_done) continue;
    // What is lost is never noted as done: a kill before it is told must not hide it.
    if (!Swap(context, server, index).run()) {
      lost.push_back(index.name);
      continue;
    }
    index.is_done = true;
    journal.change(context, state);
  }
  if (lost.empty()) return;
  // There is nothing left to go on with: what remains is to say it.
  journal.clear(context);
  throw Failed::with_code(
      kNothingToGoOnWith, "restore " + state.snapshot,
      fmt::format("somebody has removed the temporary indices of {}: these are as they "
                  "were, or missing; the others are the snapshot's",
                  fmt::join(lost, ", ")),
      fmt::format("restore again: holdfast restore elasticsearch {} --force", state.snapshot));
}

}  // namespace holdfast::datastore::es
