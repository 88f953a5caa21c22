// The files of Lucene that a snapshot has of one shard, and where their bytes lie. Format:
// docs/formats/elasticsearch-repository.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/context.h"
#include "datastore/elasticsearch/repository_blobs.h"

namespace holdfast::datastore::es {

struct StoredFile {
  std::string name;           // of its blob, "__X"; "v__X": it has none, `content` is all of it
  std::string physical_name;  // Lucene's: "_0.cfs", "segments_4"
  std::uint64_t length = 0;
  std::uint64_t part_size = 0;  // 0: one part whatever its length
  std::uint32_t checksum = 0;   // CRC-32, as its footer tells it
  std::string written_by;       // version of Lucene; may be empty
  std::string content;          // of .si and segments_N, where the snapshot holds it; else empty

  bool is_virtual() const { return name.starts_with('v'); }
  // Blobs that it is made of; 0 of a virtual one.
  std::uint64_t parts() const;
  std::string part_name(std::uint64_t part) const;
  std::uint64_t part_length(std::uint64_t part) const;
};

struct ShardSnapshot {
  std::string blob;  // that it was read from
  std::vector<StoredFile> files;
};

// Corrupt when its blob is missing, or damaged.
ShardSnapshot read_shard_snapshot(const Context& context, RepositoryBlobs& blobs,
                                  const std::string& index_id, unsigned shard,
                                  const std::string& snapshot_uuid);

// The names of shards' files that a shard's index-GENERATION tells, of all its snapshots. Corrupt
// when it is missing, or damaged.
std::size_t check_shard_index(const Context& context, RepositoryBlobs& blobs,
                              const std::string& index_id, unsigned shard,
                              const std::string& generation);

}  // namespace holdfast::datastore::es
