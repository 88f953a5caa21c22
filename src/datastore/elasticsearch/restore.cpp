#include "datastore/elasticsearch/restore.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

#include "base/error.h"
#include "base/log.h"
#include "datastore/elasticsearch/cluster.h"
#include "datastore/elasticsearch/swap.h"

namespace holdfast::datastore::es {

namespace {

using Json = nlohmann::json;

// Settings that a temporary index must not have: they move, fill or lock it.
constexpr auto kIgnored =
    std::to_array<const char*>({"index.lifecycle.name", "index.lifecycle.rollover_alias",
                                "index.blocks.*", "index.plugins.*", "index.opendistro.*"});

std::vector<std::string> made_names(const RestoreState& state) {
  std::vector<std::string> out;
  for (const RestoredIndex& index : state.indices) out.push_back(index.made);
  return out;
}

class Restoring {
 public:
  Restoring(const Context& context, Server& server, const RestoreState& state, Progress& progress)
      : context_(context), server_(server), state_(state), progress_(progress) {}

  void run() {
    std::uint64_t bytes = 0;
    for (const RestoredIndex& index : state_.indices) bytes += index.bytes;
    progress_.phase("restore", bytes, state_.indices.size());
    if (state_.swaps) {
      for (const RestoredIndex& index : state_.indices) start_one(index);
    } else {
      start_all();
    }
    finish();
  }

  // Waits for what the cluster does by itself, and judges it.
  void finish() {
    watch();
    // Hours may lie behind it: one look that is not answered must not undo them.
    patiently(context_, [this] {
      for (const RestoredIndex& index : state_.indices) require_restored(index);
    });
    if (!state_.swaps) patiently(context_, [this] { close_closed(); });
  }

 private:
  std::string path() const {
    return fmt::format("/_snapshot/{}/{}/_restore", in_path(state_.repository),
                       in_path(state_.snapshot));
  }

  void start_one(const RestoredIndex& index) {
    // Not ".*", which fits twice.
    server_.call(context_, "POST", path(),
                 {{"indices", Json::array({index.name})},
                  {"include_global_state", false},
                  {"include_aliases", false},
                  {"rename_pattern", "^(.+)$"},
                  {"rename_replacement", index.made},
                  {"index_settings",
                   {{"index.number_of_replicas", 0},
                    {"index.auto_expand_replicas", "false"},
                    {"index.blocks.write", true}}},
                  {"ignore_index_settings", kIgnored}});
  }

  void start_all() {
    Json names = Json::array();
    for (const std::string& stream : state_.data_streams) names.push_back(stream);
    for (const RestoredIndex& index : state_.indices) {
      // A stream brings its own; named by itself such an index would be outside of it.
      if (!is_backing(index.name, state_.data_streams)) names.push_back(index.name);
    }
    server_.call(context_, "POST", path(), {{"indices", names}, {"include_global_state", false}});
  }

  // Whether the cluster still works at one of ours.
  bool is_running() {
    const Json answer =
        get_patiently(context_, server_, "/_cluster/state/customs?filter_path=restore");
    if (!answer.contains("restore")) return false;
    const std::vector<std::string> ours = made_names(state_);
    for (const Json& one : member(answer.at("restore"), "snapshots")) {
      const std::string state = text_in(one, "state");
      if (state == "SUCCESS" || state == "FAILURE") continue;
      for (const Json& index : member(one, "indices")) {
        if (!index.is_string()) continue;
        if (std::find(ours.begin(), ours.end(), index.get<std::string>()) != ours.end()) {
          return true;
        }
      }
    }
    return false;
  }

  // For people only: what does not answer is asked again a moment later.
  void show() {
    std::uint64_t bytes = 0;
    std::uint64_t done = 0;
    for (const std::string& names : in_paths(made_names(state_))) {
      const Json rows =
          server_.get(context_, "/_cat/recovery/" + names +
                                    "?format=json&bytes=b&h=index,stage,bytes_recovered");
      for (const Json& row : rows) {
        bytes += number_in(row, "bytes_recovered");
        if (text_in(row, "stage") == "done") ++done;
      }
    }
    progress_.advance(bytes - std::min(bytes, bytes_), done - std::min(done, done_));
    bytes_ = std::max(bytes, bytes_);
    done_ = std::max(done, done_);
  }

  void watch() {
    Pause pause;
    while (is_running()) {
      try {
        show();
      } catch (const NotFound&) {
        // One of them was removed; the check afterwards tells.
      } catch (const Failed&) {
      } catch (const Unavailable&) {
      }
      pause.take(context_, "wait for the restore of " + state_.snapshot);
    }
  }

  // The cluster restores every index open.
  void close_closed() {
    for (const RestoredIndex& index : state_.indices) {
      if (!index.was_closed) continue;
      server_.call(context_, "POST", "/" + in_path(index.name) + "/_close", nullptr);
    }
  }

  void require_restored(const RestoredIndex& index) {
    const std::string what = fmt::format("restore {} from {}", index.name, state_.snapshot);
    const auto there = find_indices(context_, server_, {index.made});
    if (there.empty()) throw Failed(what, "the index is gone again", "restore once more");
    const std::vector<std::string> down = why_down(context_, server_, index.made);
    if (!down.empty()) throw_down(what, down);
    require_origin(index, there.begin()->second, what);
    require_documents(index, there.begin()->second, what);
  }

  // What was never tried has no node that may hold it; what was tried and failed is damaged.
  [[noreturn]] void throw_down(const std::string& what, const std::vector<std::string>& down) {
    const std::string why = fmt::format("{}", fmt::join(down, ", "));
    if (down.front().find(": restore_source[") != std::string::npos) {
      throw Failed(what, why,
                   "no node may hold that shard: look at the index's settings "
                   "index.routing.allocation.* and at _cluster/allocation/explain");
    }
    throw Corrupt(what, why,
                  "holdfast verify elasticsearch " + state_.snapshot +
                      " tells which files are missing or damaged");
  }

  // A shard that is up is not enough: after a restart in the middle, the cluster brings up an empty
  // one and calls it green. It must have come from this snapshot, to its end.
  void require_origin(const RestoredIndex& index, const LiveIndex& there, const std::string& what) {
    const Json answer = server_.get(context_, "/" + in_path(index.made) + "/_recovery");
    std::uint64_t from_snapshot = 0;
    for (const Json& shard : member(member(answer, index.made.c_str()), "shards")) {
      const Json& source = member(shard, "source");
      const bool is_primary = member(shard, "primary") == true;
      if (is_primary && text_in(shard, "type") == "SNAPSHOT" && text_in(shard, "stage") == "DONE" &&
          text_in(source, "snapshot") == state_.snapshot) {
        ++from_snapshot;
      }
    }
    if (from_snapshot >= there.primaries) return;
    // Under its own name it may be known by what it holds.
    if (!state_.swaps && index.documents && there.documents >= *index.documents) return;
    throw Failed(what,
                 fmt::format("{} of {} shards have come from the snapshot: the cluster was "
                             "restarted in the middle",
                             from_snapshot, there.primaries),
                 "restore it once more, with --force");
  }

  // Whoever writes into it already makes it larger; a temporary one takes no writes.
  void require_documents(const RestoredIndex& index, const LiveIndex& there,
                         const std::string& what) {
    if (!index.documents) return;
    const bool is_larger = !state_.swaps && there.documents > *index.documents;
    if (is_larger || there.documents == *index.documents) return;
    throw Corrupt(
        what, fmt::format("{} documents, the snapshot has {}", there.documents, *index.documents));
  }

  const Context& context_;
  Server& server_;
  const RestoreState& state_;
  Progress& progress_;
  std::uint64_t bytes_ = 0, done_ = 0;
};

// Whether the index under its own name, which is down, is what the restore has made of it: not the
// one that was there, and waiting for a shard of this snapshot.
bool is_ours(const Context& context, Server& server, const RestoreState& state,
             const LiveIndex& there) {
  for (const RestoredIndex& index : state.indices) {
    if (index.made == there.name && index.old_uuid == there.uuid) return false;
  }
  return waits_for_snapshot(context, server, there.name, state.repository, state.snapshot);
}

// Removes the temporary indices. Under their own names only those of ours that are down: what is up
// may be written to already, and is never taken away.
void undo(const Context& context, Server& server, const RestoreState& state) {
  std::vector<std::string> doomed;
  for (const auto& [name, index] : find_indices(context, server, made_names(state))) {
    const bool may_go = state.swaps || is_ours(context, server, state, index);
    if (may_go) doomed.push_back(name);
  }
  delete_indices(context, server, doomed);
}

class RestoreRun {
 public:
  RestoreRun(const Context& context, const Store& store, const RestorePlan& plan,
             Progress& progress)
      : context_(context),
        server_(*store.server),
        details_(*std::static_pointer_cast<const PlanDetails>(plan.details)),
        in_place_(plan.mode == RestoreMode::kInPlace),
        state_(details_.state),
        journal_(server_),
        progress_(progress) {}

  RestoreOutcome run() {
    journal_.begin(context_, state_);
    try {
      if (in_place_) delete_old();
      Restoring(context_, server_, state_, progress_).run();
    } catch (const Error& error) {
      const std::string more = give_up();
      if (more.empty()) throw;
      throw_error(error.kind(), error.subject(), error.reason(),
                  error.advice().empty() ? more : error.advice() + "; " + more, error.code());
    } catch (const std::exception&) {
      give_up();
      throw;
    }
    if (state_.swaps) {
      note_made();
      state_.phase = RestorePhase::kSwapping;
      journal_.change(context_, state_);
      swap_in();
    }
    journal_.clear(context_);
    return outcome();
  }

 private:
  // So that a clone of it can be told from another index of the name, whatever happens to it.
  void note_made() {
    std::map<std::string, LiveIndex> made;
    patiently(context_, [&] { made = find_indices(context_, server_, made_names(state_)); });
    for (RestoredIndex& index : state_.indices) {
      auto there = made.find(index.made);
      if (there == made.end()) {
        throw Failed("restore " + state_.snapshot, "somebody has removed " + index.made,
                     "restore once more; nothing that was there is touched");
      }
      index.made_uuid = there->second.uuid;
    }
  }

  void swap_in() {
    try {
      swap_all(context_, server_, journal_, state_, progress_);
    } catch (const Error& error) {
      if (error.code() == kNothingToGoOnWith) throw;
      const std::string more = "the restore is half done: the next run of holdfast goes on with it";
      throw_error(error.kind(), error.subject(), error.reason(),
                  error.advice().empty() ? more : error.advice() + "; " + more, error.code());
    }
  }

  void delete_old() {
    for (const std::string& stream : details_.data_streams_to_delete) {
      server_.call(context_, "DELETE", "/_data_stream/" + in_path(stream), nullptr);
    }
    delete_indices(context_, server_, details_.to_delete);
  }

  // Also when told to stop, so not under the run's own context. Returns what to tell besides.
  std::string give_up() {
    const Context last = Context::background().with_timeout(std::chrono::minutes(2));
    std::string more;
    try {
      undo(last, server_, state_);
      more = in_place_ ? what_is_deleted(last) : what_is_missing(last);
      journal_.clear(last);
    } catch (const Error& error) {
      log::warning(context_, "what was restored is not removed yet, the next run does it: " +
                                 error.to_string());
    }
    return more;
  }

  std::string what_is_deleted(const Context& context) {
    const auto there = find_indices(context, server_, details_.to_delete);
    std::size_t deleted = 0;
    for (const RestoredIndex& index : state_.indices) {
      if (index.old_uuid.empty()) continue;
      auto found = there.find(index.name);
      if (found == there.end() || found->second.uuid != index.old_uuid) ++deleted;
    }
    if (deleted == 0) return "";
    return fmt::format(
        "{} indices that were there are deleted already: stop what writes into them "
        "and run the same restore again",
        deleted);
  }

  // Under their own names, what has come back stays.
  std::string what_is_missing(const Context& context) {
    if (state_.swaps) return "";
    const auto there = find_indices(context, server_, made_names(state_));
    std::vector<std::string> missing;
    for (const RestoredIndex& index : state_.indices) {
      if (!there.contains(index.name)) missing.push_back(index.name);
    }
    if (missing.empty() || missing.size() == state_.indices.size()) return "";
    return fmt::format("what has come back stays, not there are {}: restore these with --indices",
                       fmt::join(missing, ","));
  }

  RestoreOutcome outcome() const {
    RestoreOutcome out;
    for (const RestoredIndex& index : state_.indices) {
      out.indices.push_back(index.name);
      out.shards += index.shards;
      out.bytes_fetched += index.bytes;
      if (index.documents) {
        out.facts.push_back(
            fmt::format("{}: {} documents, as in the snapshot", index.name, *index.documents));
      }
    }
    out.objects_fetched = out.shards;
    return out;
  }

  Context context_;
  Server& server_;
  const PlanDetails& details_;
  bool in_place_;
  RestoreState state_;
  RestoreJournal journal_;
  Progress& progress_;
};

}  // namespace

RestoreOutcome run_restore(const Context& context, const Store& store, const RestorePlan& plan,
                           Progress& progress) {
  return RestoreRun(context, store, plan, progress).run();
}

namespace {

// What a request that was on its way has made after its restore had given up. Nobody restores now:
// there is no journal, and the store's lease is held.
std::vector<std::string> remove_strays(const Context& context, Server& server) {
  std::vector<std::string> names;
  std::vector<std::string> lines;
  for (const auto& [name, index] : find_indices_of(context, server, kTemporaryPrefix)) {
    if (name == kJournalIndex) continue;
    names.push_back(name);
    lines.push_back("removed " + name + ", left by a restore that was given up");
  }
  delete_indices(context, server, names);
  return lines;
}

std::string finish_or_undo(const Context& context, Server& server, RestoreJournal& journal,
                           RestoreState& state) {
  SilentProgress silent;
  if (state.phase == RestorePhase::kSwapping) {
    swap_all(context, server, journal, state, silent);
    return fmt::format("finished the restore of {} that was killed while it swapped indices",
                       state.snapshot);
  }
  std::string wrong = "restore it again";
  if (!state.swaps) {
    // The cluster goes on without us; what it has brought back may stay.
    try {
      Restoring(context, server, state, silent).finish();
      return fmt::format("finished the restore of {} that was killed", state.snapshot);
    } catch (const Unavailable&) {
      throw;
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      wrong = error.reason() + " (" + error.subject() + "); restore what is missing again";
    }
  }
  undo(context, server, state);
  return fmt::format("the restore of {} was killed: {}", state.snapshot, wrong);
}

}  // namespace

std::vector<std::string> recover_restore(const Context& context, const Store& store) {
  RestoreJournal journal(*store.server);
  auto state = journal.read(context);
  if (!state) return remove_strays(context, *store.server);
  const std::string line = finish_or_undo(context, *store.server, journal, *state);
  journal.clear(context);
  return {line};
}

void restore_made(const Context& context, const Store& store, const RestoreState& state,
                  Progress& progress) {
  Restoring(context, *store.server, state, progress).run();
}

}  // namespace holdfast::datastore::es
