// Carries a plan out.
#pragma once

#include "datastore/victoria_metrics/restore_plan.h"

namespace holdfast::datastore::vm {

// Refused while the plan has conflicts, or a server has started since. With kStaged the old data is
// untouched until everything is fetched and checked; any failure leaves it as it was. With kInPlace
// a failure leaves restore-in-progress behind, with which no server starts; another restore mends
// it.
RestoreOutcome run_restore(const Context& context, const Store& store, const RestorePlan& plan,
                           Progress& progress);

}  // namespace holdfast::datastore::vm
