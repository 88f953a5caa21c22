// Whether a snapshot is whole, by the repository's own files.
#pragma once

#include <optional>

#include "datastore/elasticsearch/store.h"

namespace holdfast::datastore::es {

VerifyReport verify_snapshot(const Context& context, const Store& store,
                             const VerifyRequest& request, Progress& progress);

// The documents of each index that the configured patterns choose, counted in the snapshot's own
// files; nullopt when they cannot be read or do not tell.
std::optional<Measurement> documents_of(const Context& context, const Store& store,
                                        const std::string& snapshot);

}  // namespace holdfast::datastore::es
