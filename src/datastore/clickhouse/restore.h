// Bringing a backup back. Order of the steps, and why: docs/design/clickhouse.md.
#pragma once

#include "datastore/clickhouse/resolve.h"
#include "datastore/clickhouse/store.h"

namespace holdfast::datastore::ch {

// The driver's own part of a RestorePlan.
struct PlanDetails {
  Resolved resolved;
  PlanRequest request;
};

// NotFound, Corrupt. Looks at the server and changes nothing; what merely stands in the way now is
// a conflict of the plan.
RestorePlan plan_restore(const Context& context, Store& store, const PlanRequest& request);

RestoreOutcome run_restore(const Context& context, Store& store, const RestorePlan& plan,
                           Progress& progress);

}  // namespace holdfast::datastore::ch
