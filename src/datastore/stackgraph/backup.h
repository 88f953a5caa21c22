// An export: made on this machine, counted and hashed, then published under its name.
#pragma once

#include "datastore/stackgraph/stored.h"
#include "datastore/stackgraph/workspace.h"

namespace holdfast::datastore::sg {

// `before` is put before the name: of a safety copy. Order: the note by hash, the parts from the
// second on, then the first one or the only one, which shows the export to others. Refused when an
// export of this minute is there already; a safety copy gets a number then.
BackupOutcome run_backup(const Context& context, const Store& store, const Workspace& workspace,
                         const std::string& before, const BackupRequest& request, Fence& fence,
                         Progress& progress);

// Of what lies there: sequentially, all parts as one content.
transfer::ObjectDigest digest_of_file(const Context& context, const fs::path& file);

}  // namespace holdfast::datastore::sg
