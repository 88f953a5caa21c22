// Whether a backup is what it was.
#pragma once

#include "datastore/clickhouse/store.h"

namespace holdfast::datastore::ch {

// Quick: documents, and every object of the chain by its size. Deep: every byte, by our digests,
// or by the server's own checksums inside of what clickhouse-backup sent.
VerifyReport verify_backup(const Context& context, Store& store, const VerifyRequest& request,
                           Progress& progress);

}  // namespace holdfast::datastore::ch
