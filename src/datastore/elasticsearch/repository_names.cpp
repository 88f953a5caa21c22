#include "datastore/elasticsearch/repository_names.h"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::datastore::es {

namespace {

constexpr std::size_t kLongestName = 200;

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-';
}

}  // namespace

bool is_blob_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName &&
         std::all_of(name.begin(), name.end(), is_plain);
}

std::string index_folder(const std::string& index_id) {
  return fmt::format("indices/{}/", index_id);
}

std::string shard_folder(const std::string& index_id, unsigned shard) {
  return fmt::format("indices/{}/{}/", index_id, shard);
}

std::string snapshot_blob(const std::string& snapshot_uuid) {
  return fmt::format("snap-{}.dat", snapshot_uuid);
}

std::string metadata_blob(const std::string& uuid) { return fmt::format("meta-{}.dat", uuid); }

std::string blob_subject(const RepositoryBlobs& blobs, const std::string& name) {
  return fmt::format("read {}/{}", blobs.place(), name);
}

}  // namespace holdfast::datastore::es
