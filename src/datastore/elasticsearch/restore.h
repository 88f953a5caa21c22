// Bringing a snapshot back. Order of steps and why: docs/design/elasticsearch.md.
#pragma once

#include "datastore/elasticsearch/repository_files.h"
#include "datastore/elasticsearch/restore_journal.h"
#include "datastore/elasticsearch/store.h"

namespace holdfast::datastore::es {

// RestorePlan::details of this driver.
struct PlanDetails {
  RestoreState state;                               // as the journal will have it at the beginning
  std::vector<std::string> to_delete;               // in place: these go first
  std::vector<std::string> data_streams_to_delete;  // the same
};

RestorePlan plan_restore(const Context& context, const Store& store, const PlanRequest& request);

// What the snapshot's files tell of an index, for its restore.
void take_over(const IndexContents& told, RestoredIndex& index);

// A failure before the first swap leaves the cluster as it was; after it, the next run finishes.
RestoreOutcome run_restore(const Context& context, const Store& store, const RestorePlan& plan,
                           Progress& progress);

// What a killed restore left: undone, or finished when it had begun to swap. A line each.
std::vector<std::string> recover_restore(const Context& context, const Store& store);

// The first steps, for a drill as well: asks the cluster to restore each of state.indices as its
// `made`, and waits until every primary shard has come from this snapshot. Corrupt with the
// shards' reasons when one has not.
void restore_made(const Context& context, const Store& store, const RestoreState& state,
                  Progress& progress);

}  // namespace holdfast::datastore::es
