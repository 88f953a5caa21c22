// One backup run: the order of its steps is decided in docs/design/victoria-metrics.md.
#pragma once

#include <set>
#include <string>

#include "datastore/victoria_metrics/server.h"
#include "datastore/victoria_metrics/versions.h"
#include "datastore/victoria_metrics/victoria_metrics.h"

namespace holdfast::datastore::vm {

// What all runs of one store share; borrowed by each.
struct Store {
  VictoriaMetricsOptions options;
  Place place;
  std::unique_ptr<Server> server;
  std::set<std::string> copies;  // folders known to be dated copies
};

// An incremental run, or with kFull a new version. Refused, before anything is changed, when the
// data folder is not the server's.
BackupOutcome run_backup(const Context& context, Store& store, const BackupRequest& request,
                         Fence& fence, Progress& progress);

// A server-side copy of the current version under a new dated name. NotFound when there is none,
// Corrupt when it is not restorable.
BackupOutcome run_dated_copy(const Context& context, Store& store, const BackupRequest& request,
                             Fence& fence, Progress& progress);

}  // namespace holdfast::datastore::vm
