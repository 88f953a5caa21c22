// How many documents each index of a snapshot holds, from the snapshot's own blobs.
#pragma once

#include <map>
#include <string>

#include "base/context.h"
#include "datastore/elasticsearch/lucene_segments.h"
#include "datastore/elasticsearch/repository_files.h"
#include "datastore/elasticsearch/repository_shards.h"

namespace holdfast::datastore::es {

// Of one shard: its documents and nested ones, as _cat/indices counts them after a refresh. Corrupt
// when the snapshot's blobs do not fit together.
DocumentCount count_documents(const Context& context, RepositoryBlobs& blobs,
                              const ShardSnapshot& shard, const std::string& shard_folder);

// Of every index of the snapshot, primaries together, by name. Not told for an index with a shard
// that was not stored, or that a version of Lucene wrote which is not known. Reads a blob a shard,
// with up to `threads` requests at once.
std::map<std::string, DocumentCount> count_documents(const Context& context, RepositoryBlobs& blobs,
                                                     const SnapshotContents& snapshot,
                                                     unsigned threads = 8);

}  // namespace holdfast::datastore::es
