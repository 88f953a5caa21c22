// Whether a snapshot is whole, by the repository's own files.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "datastore/elasticsearch/contents.h"
#include "datastore/elasticsearch/repository_check.h"
#include "datastore/elasticsearch/store.h"

namespace holdfast::datastore::es {

// Lists the repository once for snapshots that are verified one after the other. Not thread-safe.
class SnapshotVerifier {
 public:
  // Borrows the store.
  explicit SnapshotVerifier(const Store& store) : store_(store) {}

  VerifyReport verify(const Context& context, const VerifyRequest& request, Progress& progress);

 private:
  void look_anew(const Context& context);

  const Store& store_;
  std::string unreadable_because_;
  std::unique_ptr<RepositoryBlobs> blobs_;
  RepositoryIndex index_;
  std::unique_ptr<RepositoryCheck> check_;
  std::set<std::string> seen_;
};

// Corrupt, naming the first of them, when a blob is missing or cut that these indices need.
void require_blobs(const Context& context, const Store& store, const std::string& snapshot,
                   const std::vector<std::string>& indices, Progress& progress);

// The documents of each index that the configured patterns choose, counted in the snapshot's own
// files; nullopt when they cannot be read or tell of none.
std::optional<Measurement> documents_of(const Context& context, const Store& store,
                                        const std::string& snapshot);

}  // namespace holdfast::datastore::es
