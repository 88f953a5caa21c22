#include "datastore/elasticsearch/swap.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>

#include "base/error.h"
#include "base/log.h"
#include "datastore/elasticsearch/cluster.h"

namespace holdfast::datastore::es {

namespace {

using Json = nlohmann::json;

constexpr Duration kLongestClone = std::chrono::minutes(30);
constexpr Duration kLongestStart = std::chrono::minutes(5);  // of shards after a restart

// The cluster will say the same at the next try.
bool is_refusal(const Error& error) {
  return error.kind() == ErrorKind::kFailed || error.kind() == ErrorKind::kInvalidArgument;
}

// Whether `index` was cloned from `made`.
bool is_clone_of(const Context& context, Server& server, const std::string& index,
                 const std::string& made_uuid) {
  const auto settings = settings_of(context, server, index);
  auto source = settings.find("index.resize.source.uuid");
  return source != settings.end() && source->second == made_uuid;
}

enum class Swapped {
  kDone,
  kLost,        // the temporary index is gone, and nothing of it is under the name
  kIncomplete,  // it is in its place, but the cluster refuses some of what belongs to it
};

class Swap {
 public:
  // `fence` throws when another run goes on with this restore.
  Swap(const Context& context, Server& server, const RestoredIndex& index,
       const std::function<void()>& fence)
      : context_(context), server_(server), index_(index), fence_(fence) {}

  Swapped run() {
    const auto there = find_indices(context_, server_, {index_.name});
    const bool is_ours = !there.empty() && !index_.made_uuid.empty() &&
                         is_clone_of(context_, server_, index_.name, index_.made_uuid);
    const auto made = find_indices(context_, server_, {index_.made});
    if (made.empty() || made.begin()->second.uuid != index_.made_uuid) {
      // All that was left to do was to note it, if it is the temporary one's clone.
      return is_ours ? Swapped::kDone : Swapped::kLost;
    }
    if (!there.empty() && !is_ours && there.begin()->second.uuid != index_.old_uuid) stop();
    bool is_open = true;
    if (is_ours) {
      is_open = make_changeable(there.begin()->second);
    } else {
      require_made(made.begin()->second);
      fence_();
      if (!there.empty()) delete_indices(context_, server_, {index_.name});
      clone();
    }
    if (is_open) {
      wait_until_up();
      require_documents();
    }
    put_back();
    if (!refused_.empty()) return Swapped::kIncomplete;
    delete_indices(context_, server_, {index_.made});
    return Swapped::kDone;
  }

  // What the cluster refused of it, a line each.
  const std::vector<std::string>& refused() const { return refused_; }

 private:
  std::string path() const { return "/" + in_path(index_.name); }

  // An earlier run came as far as blocks or closing it: blocks would stop what is to be put back.
  // Returns whether it is open.
  bool make_changeable(const LiveIndex& there) {
    lift_blocks(context_, server_, {index_.name});
    if (there.is_open || index_.was_closed) return there.is_open;
    server_.call(context_, "POST", path() + "/_open", nullptr);
    return true;
  }

  // Before what is there is deleted: the cluster may have been restarted since it was judged, and
  // somebody may have closed or changed it. One that could not be cloned would leave neither.
  void require_made(const LiveIndex& made) {
    if (!made.is_open) {
      server_.call(context_, "POST", "/" + in_path(index_.made) + "/_open", nullptr);
    }
    const SteadyTime begin = context_.clock().steady();
    for (Pause pause; !primaries_are_up(context_, server_, index_.made);) {
      if (context_.clock().steady() - begin > kLongestStart) {
        made_is_bad(
            fmt::format("is down: {}", fmt::join(why_down(context_, server_, index_.made), ", ")));
      }
      pause.take(context_, "wait for the index " + index_.made);
    }
    const auto now = find_indices(context_, server_, {index_.made});
    if (now.empty()) made_is_bad("is gone");
    const std::uint64_t documents = now.begin()->second.documents;
    if (index_.documents && documents != *index_.documents) {
      made_is_bad(fmt::format("has {} documents now, not {}", documents, *index_.documents));
    }
    if (settings_of(context_, server_, index_.made)["index.blocks.write"] != "true") {
      made_is_bad("can be written to");
    }
  }

  [[noreturn]] void made_is_bad(const std::string& why) {
    throw Failed(
        "swap in " + index_.name,
        fmt::format("{}, which was restored to take its place, {}; {} is not touched yet",
                    index_.made, why, index_.name),
        fmt::format("mend that and run holdfast again: it goes on; or give it up: holdfast "
                    "elasticsearch delete-indices {} --yes",
                    index_.made));
  }

  void clone() {
    // Blocks are put on at the end: they would stop the clone itself.
    Json settings = {{"index.blocks.write", nullptr}, {"index.auto_expand_replicas", nullptr}};
    for (const auto& [name, value] : index_.settings) {
      if (!name.starts_with("index.blocks.")) settings[name] = value;
    }
    try {
      clone_with({{"settings", settings}, {"aliases", index_.aliases}});
    } catch (const Error& error) {
      if (!is_refusal(error)) throw;
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
      if (!is_clone_of(context_, server_, index_.name, index_.made_uuid)) stop();
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
    put_aliases();
    put_settings();
    if (index_.was_closed) server_.call(context_, "POST", path() + "/_close", nullptr);
  }

  void put_aliases() {
    Json actions = Json::array();
    for (const auto& [alias, details] : index_.aliases.items()) {
      Json add = details;
      add["index"] = index_.name;
      add["alias"] = alias;
      actions.push_back({{"add", add}});
    }
    if (actions.empty()) return;
    try {
      server_.call(context_, "POST", "/_aliases", {{"actions", actions}});
    } catch (const Error& error) {
      if (!is_refusal(error)) throw;
      // One that is wrong makes all of them fail.
      for (const Json& action : actions) put_alias(action);
    }
  }

  void put_alias(const Json& action) {
    const std::string alias = text_in(action.at("add"), "alias");
    try {
      server_.call(context_, "POST", "/_aliases", {{"actions", Json::array({action})}});
    } catch (const Error& error) {
      if (!is_refusal(error)) throw;
      if (find_indices(context_, server_, {alias}).contains(alias)) stop_at_alias(alias);
      refused_.push_back(fmt::format("the alias {} of {}: {}", alias, index_.name, error.reason()));
    }
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
      if (known.size() != settings.size()) {
        log::warning(context_, index_.name + " has no lifecycle policy now: " + error.reason());
      }
      put_known(known);
    }
  }

  void put_known(const Json& settings) {
    try {
      server_.call(context_, "PUT", path() + "/_settings", settings);
    } catch (const InvalidArgument& error) {
      refused_.push_back(
          fmt::format("the settings {} of {}: {}", settings.dump(), index_.name, error.reason()));
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

  // Who writes by an alias while its index is away makes an index of that name.
  [[noreturn]] void stop_at_alias(const std::string& alias) {
    throw Refused(
        "swap in " + index_.name,
        fmt::format("its alias {} is the name of an index that somebody has made meanwhile", alias),
        fmt::format("stop what writes by it, then: holdfast elasticsearch delete-indices {} --yes, "
                    "and run holdfast again: it goes on",
                    alias));
  }

  const Context& context_;
  Server& server_;
  const RestoredIndex& index_;
  const std::function<void()>& fence_;
  std::vector<std::string> refused_;
};

// There is nothing left to go on with: what remains is to say it.
[[noreturn]] void tell_the_end(const RestoreState& state, const std::vector<std::string>& lost,
                               const std::vector<std::string>& refused) {
  std::vector<std::string> why;
  if (!lost.empty()) {
    why.push_back(
        fmt::format("somebody has removed the temporary indices of {}: these are as they were, or "
                    "missing; the others are the snapshot's",
                    fmt::join(lost, ", ")));
  }
  if (!refused.empty()) {
    why.push_back(fmt::format("the documents are the snapshot's, but the cluster does not take {}",
                              fmt::join(refused, ", ")));
  }
  throw Failed::with_code(
      kNothingToGoOnWith, "restore " + state.snapshot, fmt::format("{}", fmt::join(why, "; ")),
      lost.empty() ? "set that by hand"
                   : fmt::format("restore again: holdfast restore elasticsearch {} --force",
                                 state.snapshot));
}

}  // namespace

void swap_all(const Context& context, Server& server, RestoreJournal& journal, RestoreState& state,
              Progress& progress) {
  progress.phase("swap in", 0, state.indices.size());
  std::vector<std::string> lost, refused, kept;
  // Another run may have taken this one for dead, and be further than this one knows.
  const std::function<void()> fence = [&] { journal.change(context, state); };
  for (RestoredIndex& index : state.indices) {
    progress.advance(0, 1);
    if (index.is_done) continue;
    Swap swap(context, server, index, fence);
    const Swapped outcome = swap.run();
    // What is lost or refused is never noted as done: a kill before it is told must not hide it.
    if (outcome == Swapped::kLost) lost.push_back(index.name);
    if (outcome == Swapped::kIncomplete) kept.push_back(index.made);
    refused.insert(refused.end(), swap.refused().begin(), swap.refused().end());
    if (outcome != Swapped::kDone) continue;
    index.is_done = true;
    journal.change(context, state);
  }
  if (lost.empty() && refused.empty()) return;
  delete_indices(context, server, kept);
  journal.clear(context);
  tell_the_end(state, lost, refused);
}

}  // namespace holdfast::datastore::es
