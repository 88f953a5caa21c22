#include "datastore/elasticsearch/restore_journal.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"

namespace holdfast::datastore::es {

namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;
constexpr const char* kDocument = "restore";
constexpr Duration kLongestStart = std::chrono::minutes(1);

std::string index_path() { return std::string("/") + kJournalIndex; }

Json to_json(const RestoredIndex& index) {
  Json json = {
      {"name", index.name},         {"made", index.made},       {"made_uuid", index.made_uuid},
      {"old_uuid", index.old_uuid}, {"shards", index.shards},   {"bytes", index.bytes},
      {"settings", index.settings}, {"aliases", index.aliases}, {"was_closed", index.was_closed},
      {"is_done", index.is_done}};
  if (index.documents) json["documents"] = *index.documents;
  return json;
}

Json to_json(const RestoreState& state) {
  Json indices = Json::array();
  for (const RestoredIndex& index : state.indices) indices.push_back(to_json(index));
  Json body = {{"id", state.id},
               {"repository", state.repository},
               {"snapshot", state.snapshot},
               {"snapshot_uuid", state.snapshot_uuid},
               {"data_streams", state.data_streams},
               {"swaps", state.swaps},
               {"phase", state.phase == RestorePhase::kSwapping ? "swapping" : "restoring"},
               {"indices", indices}};
  return {{"format", kFormat}, {"min_reader", kFormat}, {"state", body.dump()}};
}

RestoredIndex index_from(const Json& json) {
  RestoredIndex index;
  index.name = json.at("name").get<std::string>();
  index.made = json.at("made").get<std::string>();
  index.made_uuid = json.at("made_uuid").get<std::string>();
  index.old_uuid = json.at("old_uuid").get<std::string>();
  index.shards = json.at("shards").get<std::uint64_t>();
  index.bytes = json.at("bytes").get<std::uint64_t>();
  if (json.contains("documents")) index.documents = json.at("documents").get<std::uint64_t>();
  index.settings = json.at("settings").get<std::map<std::string, std::string>>();
  index.aliases = json.at("aliases");
  index.was_closed = json.at("was_closed").get<bool>();
  index.is_done = json.at("is_done").get<bool>();
  return index;
}

RestoreState state_from(const Json& source) {
  if (!source.contains("min_reader") || source.at("min_reader").get<int>() > kFormat) {
    throw Corrupt("read the restore's journal", "a newer holdfast wrote it",
                  "finish that restore with the holdfast that began it");
  }
  const Json json = Json::parse(source.at("state").get_ref<const std::string&>());
  RestoreState state;
  state.id = json.at("id").get<std::string>();
  state.repository = json.at("repository").get<std::string>();
  state.snapshot = json.at("snapshot").get<std::string>();
  state.snapshot_uuid = json.at("snapshot_uuid").get<std::string>();
  state.data_streams = json.at("data_streams").get<std::vector<std::string>>();
  state.swaps = json.at("swaps").get<bool>();
  state.phase = json.at("phase") == "swapping" ? RestorePhase::kSwapping : RestorePhase::kRestoring;
  for (const Json& index : json.at("indices")) state.indices.push_back(index_from(index));
  return state;
}

// Null when there is no index of the journal, an object without `found` when there is no document
// in it. After a restart of the cluster its shard takes a moment.
Json read_document(const Context& context, Server& server) {
  const SteadyTime begin = context.clock().steady();
  for (;;) {
    try {
      return server.get(context, fmt::format("{}/_doc/{}", index_path(), kDocument));
    } catch (const NotFound& error) {
      if (error.code().empty()) return Json::object();  // the index is there, the document is not
      return nullptr;
    } catch (const Unavailable& error) {
      if (error.code().empty() || context.clock().steady() - begin > kLongestStart) throw;
    }
    context.sleep(std::chrono::milliseconds(500),
                  "wait for the index " + std::string(kJournalIndex));
  }
}

}  // namespace

bool is_backing(const std::string& index, const std::vector<std::string>& streams) {
  return std::any_of(streams.begin(), streams.end(), [&index](const std::string& stream) {
    return index.starts_with(".ds-" + stream + "-");
  });
}

std::optional<RestoreState> RestoreJournal::read(const Context& context) {
  const Json answer = read_document(context, server_);
  if (answer.is_null()) return std::nullopt;
  if (answer.empty()) {
    // A kill between the two requests of begin(); the store's lease keeps others out meanwhile.
    clear(context);
    return std::nullopt;
  }
  sequence_ = number_in(answer, "_seq_no");
  term_ = number_in(answer, "_primary_term");
  try {
    return state_from(member(answer, "_source"));
  } catch (const Json::exception& error) {
    throw Corrupt("read the restore's journal", "it is not as holdfast writes it",
                  fmt::format("look at the index {} and at those whose names begin with {}",
                              kJournalIndex, kTemporaryPrefix));
  }
}

void RestoreJournal::begin(const Context& context, const RestoreState& state) {
  try {
    server_.call(context, "PUT", index_path(),
                 {{"settings",
                   {{"index.number_of_shards", 1},
                    {"index.auto_expand_replicas", "0-1"},
                    {"index.hidden", true}}},
                  {"mappings", {{"enabled", false}}}});
  } catch (const PreconditionFailed&) {
    // It is there from a run that ended before it could take it away.
  }
  try {
    const Json answer = server_.call(
        context, "PUT", fmt::format("{}/_create/{}", index_path(), kDocument), to_json(state));
    sequence_ = number_in(answer, "_seq_no");
    term_ = number_in(answer, "_primary_term");
  } catch (const PreconditionFailed&) {
    throw Refused("restore elasticsearch", "another restore of this cluster is under way",
                  "wait for it; after a kill the next run finishes or undoes it");
  }
}

void RestoreJournal::change(const Context& context, const RestoreState& state) {
  try {
    const Json answer = server_.call(context, "PUT",
                                     fmt::format("{}/_doc/{}?if_seq_no={}&if_primary_term={}",
                                                 index_path(), kDocument, sequence_, term_),
                                     to_json(state));
    sequence_ = number_in(answer, "_seq_no");
    term_ = number_in(answer, "_primary_term");
  } catch (const PreconditionFailed&) {
    throw Refused("restore elasticsearch", "another run goes on with this restore");
  }
}

void RestoreJournal::clear(const Context& context) {
  try {
    server_.call(context, "DELETE", index_path(), nullptr);
  } catch (const NotFound&) {
  }
}

}  // namespace holdfast::datastore::es
