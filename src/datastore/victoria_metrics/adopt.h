// Describing what vmbackup stored: its state as a manifest of ours.
#pragma once

#include "datastore/victoria_metrics/commit.h"

namespace holdfast::datastore::vm {

// The entries of a folder without a manifest that counts, from one list; contents of small files
// that change in place are fetched. Corrupt when pieces of a file are missing, overlap or have the
// wrong size.
ManifestHeader describe_stored(const Context& context, const Place& place,
                               const std::string& folder, Spool& entries);

// Puts a manifest of what vmbackup stored in `folder`, so that this state stays readable when its
// marker goes. Returns the manifest's revision; the one that is there when the state is broken,
// since there is nothing to keep then.
std::optional<std::string> adopt(const Context& context, const Place& place, Committer& committer,
                                 const Folder& folder);

}  // namespace holdfast::datastore::vm
