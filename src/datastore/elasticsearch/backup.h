// One snapshot, started and watched until it is proven to be there.
#pragma once

#include "datastore/elasticsearch/store.h"

namespace holdfast::datastore::es {

// Failed with the shards' reasons unless the snapshot is SUCCESS, has no failed shard, and holds an
// index; a snapshot that is not complete stays in the list for whoever looks, and retention removes
// it. Told to stop, it removes the snapshot that it has begun.
BackupOutcome run_backup(const Context& context, const Store& store, const BackupRequest& request,
                         Fence& fence, Progress& progress);

}  // namespace holdfast::datastore::es
