// Bringing an export back: fetched and proven beside the graph before the graph is touched, with a
// copy of what is there made first.
#pragma once

#include <functional>

#include "datastore/stackgraph/stored.h"

namespace holdfast::datastore::sg {

// `tool` is asked whether it is empty; nothing changes.
RestorePlan plan_restore(const Context& context, const Store& store, GraphTool& tool,
                         const PlanRequest& request);

// Corrupt, before anything is touched, for a file that is cut short or altered; Refused for a graph
// that is not empty without force. When the import itself fails, the error names the safety copy
// and the command that brings it back. `before_import` is called when from then on the graph may
// hold what is imported.
RestoreOutcome run_restore(
    const Context& context, const Store& store, GraphTool& tool, const RestorePlan& plan,
    Progress& progress, const std::function<void()>& before_import = [] {});

}  // namespace holdfast::datastore::sg
