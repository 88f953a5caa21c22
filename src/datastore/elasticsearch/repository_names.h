// Names of the blobs in a snapshot repository, and what is taken as one: names come out of
// documents that someone may have changed, and become paths.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "datastore/elasticsearch/repository_blobs.h"

namespace holdfast::datastore::es {

inline constexpr std::size_t kMostShards = 1024;  // of an index, as Elasticsearch's own limit

// Letters, digits, '_' and '-', as all ids are made of; at most 200.
bool is_blob_name(std::string_view name);

std::string index_folder(const std::string& index_id);                  // with a slash at its end
std::string shard_folder(const std::string& index_id, unsigned shard);  // the same
std::string snapshot_blob(const std::string& snapshot_uuid);
std::string metadata_blob(const std::string& uuid);

// "read bucket/base/NAME": the subject of an error.
std::string blob_subject(const RepositoryBlobs& blobs, const std::string& name);

}  // namespace holdfast::datastore::es
