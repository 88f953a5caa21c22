// What an Elasticsearch snapshot repository says of itself, read from its own blobs without asking
// Elasticsearch: which snapshots there are, and what each index of one is. Proven on 7.17.29; bytes
// and names: docs/formats/elasticsearch-repository.md.
//
// Every function throws Corrupt, naming the blob, when a blob is damaged, or missing although
// another one refers to it; Unsupported when a newer format is met.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "datastore/elasticsearch/repository_blobs.h"

namespace holdfast::datastore::es {

// As index-N numbers them.
enum class SnapshotState { kInProgress, kSuccess, kFailed, kPartial, kIncompatible };
std::string_view name_of(SnapshotState state);  // "IN_PROGRESS", "SUCCESS", ...

// An index as the repository keeps it, for all snapshots of its name.
struct StoredIndex {
  std::string name, id;  // its blobs lie below indices/ID/
  // By shard; empty: that shard was never stored. Below SHARD/ lies index-GENERATION.
  std::vector<std::string> shard_generations;
};

struct StoredSnapshot {
  std::string name, uuid;
  SnapshotState state = SnapshotState::kSuccess;
  std::string version;                               // of Elasticsearch; may be empty
  std::optional<WallTime> started, ended;            // unknown before 7.14
  std::string slm_policy;                            // empty: none, or unknown
  std::vector<std::string> indices;                  // names, sorted
  std::map<std::string, std::string> metadata_blob;  // by an index's id, where it is told
};

// index-N. Snapshots in progress are not in it.
struct RepositoryIndex {
  std::optional<std::uint64_t> generation;  // nullopt: nothing was ever stored there
  std::string uuid, cluster_id;             // may be empty
  std::string min_version;
  std::vector<StoredSnapshot> snapshots;  // oldest first, then by name
  std::map<std::string, StoredIndex> indices;

  const StoredSnapshot* find(std::string_view name) const;
};

// The newest index-N, by listing; index.latest is compared with it. NotFound when the bucket is not
// there.
RepositoryIndex read_index(const Context& context, RepositoryBlobs& blobs);

// An index as one snapshot has it.
struct IndexContents {
  std::string name, id;
  std::string uuid;  // in the cluster that was backed up
  std::string metadata_blob;
  unsigned shards = 0;  // primaries
  // Flat: "index.number_of_replicas": "1". A list is an array of texts.
  nlohmann::json settings = nlohmann::json::object();
  // By name, as the _aliases API takes them: filter, index_routing, search_routing, is_write_index,
  // is_hidden.
  nlohmann::json aliases = nlohmann::json::object();
  // As GET /INDEX tells them, without a type's name around.
  nlohmann::json mappings = nlohmann::json::object();
  bool is_open = true, is_hidden = false, is_system = false;

  // A setting that is one text; empty when it is not set.
  std::string setting(const std::string& key) const;
};

struct ShardFailure {
  std::string index, reason;
  unsigned shard = 0;
};

struct SnapshotContents {
  std::string name, uuid;
  SnapshotState state = SnapshotState::kSuccess;
  std::string version;
  std::optional<WallTime> started, ended;
  bool includes_global_state = false;
  nlohmann::json metadata = nlohmann::json::object();  // the user's, and SLM's "policy"
  std::vector<ShardFailure> failures;
  std::uint64_t shards_total = 0, shards_successful = 0;
  std::vector<std::string> data_streams;         // names
  std::map<std::string, IndexContents> indices;  // by name
  // What could not be read, by index: only with Damaged::kCollect.
  std::map<std::string, std::string> damaged;
};

// With kCollect an index whose metadata is damaged is told in `damaged` in place of an exception.
enum class Damaged { kThrow, kCollect };

// snap-UUID.dat and each index's metadata. NotFound when the repository has no such snapshot.
// Reads with up to `threads` requests at once.
SnapshotContents read_snapshot(const Context& context, RepositoryBlobs& blobs,
                               const RepositoryIndex& index, const std::string& name,
                               unsigned threads = 8, Damaged damaged = Damaged::kThrow);

// The cluster's metadata that a snapshot has: "templates", "index_template", "data_stream", ...
// (all of it only with includes_global_state). NotFound when there is no such snapshot.
nlohmann::json read_global_state(const Context& context, RepositoryBlobs& blobs,
                                 const RepositoryIndex& index, const std::string& name);

// Bytes of one metadata blob at most.
inline constexpr std::uint64_t kLargestMetadataBlob = 256u << 20;

}  // namespace holdfast::datastore::es
