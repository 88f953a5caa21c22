// Filling a folder with the files of a backup: fetched, linked from the live data, or written from
// the manifest.
#pragma once

#include "datastore/victoria_metrics/restore_plan.h"

namespace holdfast::datastore::vm {

// Brings every file of the plan to its place under `into`. Files to reuse are hard-linked from
// `live` after their bytes were compared with the backup's checksums; one that differs is fetched
// instead. `live` may be `into` itself: then they stay where they are. Corrupt when a stored object
// is not what the manifest says.
RestoreOutcome fill(const Context& context, const Store& store, const PlanDetails& details,
                    const fs::path& into, const fs::path& live, Progress& progress);

}  // namespace holdfast::datastore::vm
