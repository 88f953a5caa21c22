// What a snapshot holds, told by its own files in the repository: the cluster's API does not tell
// settings and aliases of what is in a snapshot.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "datastore/elasticsearch/repository_documents.h"
#include "datastore/elasticsearch/repository_files.h"
#include "datastore/elasticsearch/store.h"

namespace holdfast::datastore::es {

// The repository's files as seen from here. nullptr, with the reason in `why`, when they cannot be
// read: a folder of other machines.
std::unique_ptr<RepositoryBlobs> open_blobs(const Store& store, std::string& why);

struct ToldContents {
  std::optional<SnapshotContents> contents;  // of the wanted indices
  std::map<std::string, DocumentCount> documents;
  std::string unreadable_because;  // when there are none
};

// NotFound for a snapshot that the files do not know, Corrupt for files that are damaged.
ToldContents contents_of(const Context& context, const Store& store, const std::string& snapshot,
                         const std::function<bool(const std::string&)>& is_wanted);

}  // namespace holdfast::datastore::es
