#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/error.h"
#include "datastore/elasticsearch/fields.h"
#include "datastore/elasticsearch/lucene.h"
#include "datastore/elasticsearch/repository_files.h"
#include "datastore/elasticsearch/repository_names.h"

namespace holdfast::datastore::es {

namespace {

constexpr std::string_view kIndexPrefix = "index-", kLatest = "index.latest";
constexpr std::size_t kLatestSize = 8;
constexpr int kMostTries = 5;

// The N of "index-N"; nullopt for other names.
std::optional<std::uint64_t> generation_of(std::string_view name) {
  if (!name.starts_with(kIndexPrefix)) return std::nullopt;
  name.remove_prefix(kIndexPrefix.size());
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> newest_listed(const Context& context, RepositoryBlobs& blobs) {
  std::optional<std::uint64_t> newest;
  for (const auto& [name, size] : blobs.list(context, std::string(kIndexPrefix))) {
    newest = std::max(newest, generation_of(name));
  }
  return newest;
}

std::optional<std::uint64_t> told_latest(const Context& context, RepositoryBlobs& blobs) {
  auto bytes = blobs.read(context, std::string(kLatest), kLatestSize);
  if (!bytes) return std::nullopt;
  const std::string what = blob_subject(blobs, std::string(kLatest));
  return LuceneReader(*bytes, what).big64();
}

SnapshotState state_of(const Fields& fields) {
  const std::uint64_t number = fields.number("state");
  if (number > std::uint64_t(SnapshotState::kIncompatible))
    fields.fail("a snapshot's state is unknown");
  return SnapshotState(number);
}

StoredSnapshot snapshot_of(const Fields& fields, const std::map<std::string, std::string>& blobs) {
  StoredSnapshot snapshot;
  snapshot.name = fields.text("name");
  snapshot.uuid = fields.text("uuid");
  if (snapshot.name.empty() || !is_blob_name(snapshot.uuid)) fields.fail("a snapshot has no name");
  if (fields.find("state")) snapshot.state = state_of(fields);
  snapshot.version = fields.text_or("version", "");
  snapshot.started = fields.time("start_time_millis");
  snapshot.ended = fields.time("end_time_millis");
  snapshot.slm_policy = fields.text_or("slm_policy", "");
  if (!fields.find("index_metadata_lookup")) return snapshot;
  for (const auto& [id, identifier] : fields.object("index_metadata_lookup").items()) {
    auto found = identifier.is_string() ? blobs.find(identifier.get<std::string>()) : blobs.end();
    if (found == blobs.end()) fields.fail("the metadata of index " + id + " is not told");
    snapshot.metadata_blob.emplace(id, found->second);
  }
  return snapshot;
}

StoredIndex index_of(const std::string& name, const Fields& fields) {
  StoredIndex index;
  index.name = name;
  index.id = fields.text("id");
  if (!is_blob_name(index.id)) fields.fail("the id of index " + name + " is none");
  // OpenSearch may put a hash in front of the shards' folders.
  if (fields.find("shard_path_type") && fields.number("shard_path_type") != 0) {
    throw Unsupported("read index " + name, "its shards lie in folders with hashed names",
                      "ask OpenSearch itself about this snapshot");
  }
  if (!fields.find("shard_generations")) return index;
  for (const nlohmann::json& one : fields.array("shard_generations")) {
    std::string generation = one.is_string() ? one.get<std::string>() : "";
    if (!one.is_null() && !is_blob_name(generation)) {
      fields.fail("a shard generation of index " + name + " is none");
    }
    // Marks of Elasticsearch's own for a shard without files.
    if (generation == "_new" || generation == "_deleted") generation.clear();
    index.shard_generations.push_back(std::move(generation));
  }
  if (index.shard_generations.size() > kMostShards) fields.fail("an index has too many shards");
  return index;
}

std::map<std::string, std::string> metadata_blobs_of(const Fields& fields) {
  std::map<std::string, std::string> blobs;
  if (!fields.find("index_metadata_identifiers")) return blobs;
  for (const auto& [identifier, name] : fields.object("index_metadata_identifiers").items()) {
    if (!name.is_string() || !is_blob_name(name.get<std::string>())) {
      fields.fail("the name of a metadata blob is none");
    }
    blobs.emplace(identifier, name.get<std::string>());
  }
  return blobs;
}

RepositoryIndex parse_index(const std::string& bytes, const std::string& what) {
  const nlohmann::json json = parse_document(bytes, what);
  const Fields fields(json, what);
  RepositoryIndex index;
  index.uuid = fields.text_or("uuid", "");
  index.cluster_id = fields.text_or("cluster_id", "");
  index.min_version = fields.text_or("min_version", "");
  const auto blobs = metadata_blobs_of(fields);
  std::map<std::string, std::size_t> by_uuid;
  for (const nlohmann::json& one : fields.array("snapshots")) {
    index.snapshots.push_back(snapshot_of(Fields(one, what), blobs));
    if (!by_uuid.emplace(index.snapshots.back().uuid, index.snapshots.size() - 1).second) {
      fields.fail("two snapshots have one uuid");
    }
  }
  for (const auto& [name, told] : fields.object("indices").items()) {
    const Fields of_index(told, what);
    index.indices.emplace(name, index_of(name, of_index));
    for (const std::string& uuid : of_index.texts_or_none("snapshots")) {
      auto found = by_uuid.find(uuid);
      if (found == by_uuid.end()) fields.fail("index " + name + " names an unknown snapshot");
      index.snapshots[found->second].indices.push_back(name);
    }
  }
  std::sort(index.snapshots.begin(), index.snapshots.end(), [](const auto& a, const auto& b) {
    return std::tie(a.started, a.name) < std::tie(b.started, b.name);
  });
  return index;
}

}  // namespace

std::string_view name_of(SnapshotState state) {
  switch (state) {
    case SnapshotState::kInProgress:
      return "IN_PROGRESS";
    case SnapshotState::kSuccess:
      return "SUCCESS";
    case SnapshotState::kFailed:
      return "FAILED";
    case SnapshotState::kPartial:
      return "PARTIAL";
    case SnapshotState::kIncompatible:
      break;
  }
  return "INCOMPATIBLE";
}

const StoredSnapshot* RepositoryIndex::find(std::string_view name) const {
  for (const StoredSnapshot& snapshot : snapshots) {
    if (snapshot.name == name) return &snapshot;
  }
  return nullptr;
}

RepositoryIndex read_index(const Context& context, RepositoryBlobs& blobs) {
  // A snapshot that ends meanwhile writes the next one and removes this one.
  for (int tries = 1;; ++tries) {
    const auto newest = newest_listed(context, blobs);
    if (!newest) break;
    const std::string name = fmt::format("{}{}", kIndexPrefix, *newest);
    auto bytes = blobs.read(context, name, kLargestMetadataBlob);
    if (!bytes && tries < kMostTries) continue;
    const std::string what = blob_subject(blobs, name);
    if (!bytes) throw Unavailable(what, "it is removed each time", "try again");
    RepositoryIndex index = parse_index(*bytes, what);
    index.generation = newest;
    return index;
  }
  if (auto latest = told_latest(context, blobs)) {
    throw Corrupt(blob_subject(blobs, fmt::format("{}{}", kIndexPrefix, *latest)),
                  "it is missing, though index.latest names it",
                  "put it back, or ask Elasticsearch what it still knows of the repository");
  }
  return {};
}

}  // namespace holdfast::datastore::es
