// One backup run. Order of its steps: docs/design/clickhouse.md.
#pragma once

#include "datastore/clickhouse/store.h"

namespace holdfast::datastore::ch {

BackupOutcome run_backup(const Context& context, Store& store, const BackupRequest& request,
                         Fence& fence, Progress& progress);

}  // namespace holdfast::datastore::ch
