#include "datastore/elasticsearch/repository_files.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <mutex>

#include "base/error.h"
#include "base/worker_pool.h"
#include "datastore/elasticsearch/fields.h"
#include "datastore/elasticsearch/lucene.h"
#include "datastore/elasticsearch/repository_names.h"

namespace holdfast::datastore::es {

namespace {

using Json = nlohmann::json;

// A blob that another one refers to.
Json needed_document(const Context& context, RepositoryBlobs& blobs, const std::string& name,
                     std::string_view codec) {
  const std::string what = blob_subject(blobs, name);
  auto bytes = blobs.read(context, name, kLargestMetadataBlob);
  if (!bytes) throw Corrupt(what, "the blob is missing");
  return read_metadata_blob(*bytes, codec, what);
}

const StoredSnapshot& needed_snapshot(const RepositoryBlobs& blobs, const RepositoryIndex& index,
                                      const std::string& name) {
  const StoredSnapshot* snapshot = index.find(name);
  if (snapshot) return *snapshot;
  throw NotFound(fmt::format("read snapshot {}", name),
                 fmt::format("the repository {} has none of that name", blobs.place()),
                 "holdfast list elasticsearch shows what there is");
}

SnapshotState state_of(const Fields& fields) {
  const std::string text = fields.text("state");
  for (SnapshotState state :
       {SnapshotState::kInProgress, SnapshotState::kSuccess, SnapshotState::kFailed,
        SnapshotState::kPartial, SnapshotState::kIncompatible}) {
    if (text == name_of(state)) return state;
  }
  fields.fail("its state is unknown");
}

// JSON, or the bytes of it, compressed, where Elasticsearch keeps them so.
Json embedded(const Json& value, const std::string& what) {
  if (!value.is_binary()) return value;
  const Json::binary_t& binary = value.get_binary();
  const std::string_view bytes(reinterpret_cast<const char*>(binary.data()), binary.size());
  return parse_document(decompressed(bytes, what), what);
}

// A list of mappings, one a type: since 6.0 an index has one, or none. The type's name is left out.
Json mappings_of(const Fields& fields, const std::string& what) {
  Json result = Json::object();
  const Json* told = fields.find("mappings");
  if (!told) return result;
  if (!told->is_array()) fields.fail("its mappings are no list");
  for (const Json& one : *told) {
    Json mapping = embedded(one, what);
    if (!mapping.is_object()) fields.fail("a mapping is no object");
    if (mapping.empty() || mapping.contains("_default_")) continue;
    if (mapping.size() != 1 || !mapping.begin()->is_object()) fields.fail("a mapping has no type");
    result = *mapping.begin();
  }
  return result;
}

Json aliases_of(const Fields& fields, const std::string& what) {
  Json result = Json::object();
  if (!fields.find("aliases")) return result;
  for (const auto& [name, told] : fields.object("aliases").items()) {
    if (!told.is_object()) fields.fail("the alias " + name + " is no object");
    Json alias = told;
    if (alias.contains("filter")) alias["filter"] = embedded(alias["filter"], what);
    result[name] = std::move(alias);
  }
  return result;
}

Json settings_of(const Fields& fields) {
  const Json& settings = fields.object("settings");
  for (const auto& [name, value] : settings.items()) {
    const bool is_list =
        value.is_array() &&
        std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string(); });
    if (!value.is_string() && !value.is_null() && !is_list) {
      fields.fail("the setting " + name + " is neither a text nor a list of them");
    }
  }
  return settings;
}

unsigned shards_of(const IndexContents& index, const Fields& fields) {
  const std::string text = index.setting("index.number_of_shards");
  unsigned shards = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), shards);
  if (error != std::errc() || end != text.data() + text.size() || shards == 0 ||
      shards > kMostShards) {
    fields.fail("its number of shards is none");
  }
  return shards;
}

IndexContents read_index_contents(const Context& context, RepositoryBlobs& blobs,
                                  const StoredIndex& stored, const StoredSnapshot& snapshot) {
  // Before 7.9 each snapshot had its own.
  auto told = snapshot.metadata_blob.find(stored.id);
  const std::string& uuid = told == snapshot.metadata_blob.end() ? snapshot.uuid : told->second;
  const std::string name = index_folder(stored.id) + metadata_blob(uuid);
  const std::string what = blob_subject(blobs, name);
  const Json document = needed_document(context, blobs, name, "index-metadata");
  const Fields root(document, what);
  const Fields fields(root.object(stored.name.c_str()), what);
  IndexContents index;
  index.name = stored.name;
  index.id = stored.id;
  index.metadata_blob = name;
  index.settings = settings_of(fields);
  index.uuid = index.setting("index.uuid");
  index.shards = shards_of(index, fields);
  index.aliases = aliases_of(fields, what);
  index.mappings = mappings_of(fields, what);
  index.is_open = fields.text("state") == "open";
  index.is_hidden = index.setting("index.hidden") == "true";
  index.is_system = fields.flag_or("system", false);
  return index;
}

std::vector<ShardFailure> failures_of(const Fields& fields, const std::string& what) {
  std::vector<ShardFailure> failures;
  if (!fields.find("failures")) return failures;
  for (const Json& one : fields.array("failures")) {
    const Fields failure(one, what);
    const std::uint64_t shard = failure.number("shard_id");
    if (shard >= kMostShards) failure.fail("a failure names no shard");
    failures.push_back(
        {failure.text_or("index", ""), failure.text_or("reason", ""), unsigned(shard)});
  }
  return failures;
}

SnapshotContents read_root(const Context& context, RepositoryBlobs& blobs,
                           const StoredSnapshot& stored, std::vector<std::string>& indices) {
  const std::string name = snapshot_blob(stored.uuid);
  const std::string what = blob_subject(blobs, name);
  const Json document = needed_document(context, blobs, name, "snapshot");
  const Fields root(document, what);
  const Fields fields(root.object("snapshot"), what);
  SnapshotContents contents;
  contents.name = fields.text("name");
  contents.uuid = fields.text("uuid");
  if (contents.name != stored.name || contents.uuid != stored.uuid) {
    fields.fail("it is of another snapshot, " + contents.name);
  }
  if (fields.flag_or("remote_store_index_shallow_copy", false)) {
    throw Unsupported(what, "its files lie in a remote store, and not in the repository",
                      "ask OpenSearch itself about this snapshot");
  }
  contents.state = state_of(fields);
  contents.version = stored.version;
  contents.started = fields.time("start_time");
  contents.ended = fields.time("end_time");
  contents.includes_global_state = fields.flag_or("include_global_state", true);
  if (fields.find("metadata")) contents.metadata = fields.object("metadata");
  contents.failures = failures_of(fields, what);
  contents.shards_total = fields.number("total_shards");
  contents.shards_successful = fields.number("successful_shards");
  contents.data_streams = fields.texts_or_none("data_streams");
  indices = fields.texts_or_none("indices");
  return contents;
}

}  // namespace

std::string IndexContents::setting(const std::string& key) const {
  auto found = settings.find(key);
  return found != settings.end() && found->is_string() ? found->get<std::string>() : "";
}

SnapshotContents read_snapshot(const Context& context, RepositoryBlobs& blobs,
                               const RepositoryIndex& index, const std::string& name,
                               unsigned threads, Damaged damaged) {
  const StoredSnapshot& stored = needed_snapshot(blobs, index, name);
  std::vector<std::string> names;
  SnapshotContents contents = read_root(context, blobs, stored, names);
  std::mutex mutex;
  WorkerPool pool(context, threads);
  for (const std::string& index_name : names) {
    auto found = index.indices.find(index_name);
    if (found == index.indices.end()) {
      throw Corrupt(blob_subject(blobs, snapshot_blob(stored.uuid)),
                    "its index " + index_name + " is not in the repository's list");
    }
    pool.submit([&, of = &found->second] {
      try {
        IndexContents one = read_index_contents(pool.context(), blobs, *of, stored);
        std::lock_guard lock(mutex);
        contents.indices.emplace(of->name, std::move(one));
      } catch (const Corrupt& error) {
        if (damaged == Damaged::kThrow) throw;
        std::lock_guard lock(mutex);
        contents.damaged.emplace(of->name, error.to_string());
      }
    });
  }
  pool.finish();
  return contents;
}

nlohmann::json read_global_state(const Context& context, RepositoryBlobs& blobs,
                                 const RepositoryIndex& index, const std::string& name) {
  const StoredSnapshot& stored = needed_snapshot(blobs, index, name);
  const std::string blob = metadata_blob(stored.uuid);
  const Json document = needed_document(context, blobs, blob, "metadata");
  const std::string what = blob_subject(blobs, blob);
  return Fields(document, what).object("meta-data");
}

}  // namespace holdfast::datastore::es
