// Whether an export's bytes are still those that were written.
#pragma once

#include "datastore/stackgraph/stored.h"

namespace holdfast::datastore::sg {

struct Proof {
  std::optional<Note> note;  // of these very bytes; none: nobody ever noted them
  std::vector<std::string> warnings;
};

// Of bytes that are on this machine. Corrupt when the file's own note, or one of its name, tells of
// others.
Proof prove(const Context& context, const Store& store, const FoundGraph& found,
            const transfer::ObjectDigest& digest);

// The same of the stored bytes, read one part after the other.
Proof prove_stored(const Context& context, const Store& store, const FoundGraph& found,
                   Progress& progress);

}  // namespace holdfast::datastore::sg
