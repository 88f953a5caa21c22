// The driver over a given server: for tests, which replace the server by one of their own.
#pragma once

#include "datastore/victoria_metrics/server.h"
#include "datastore/victoria_metrics/victoria_metrics.h"

namespace holdfast::datastore::vm {

std::unique_ptr<Datastore> make_with_server(const VictoriaMetricsOptions& options,
                                            storage::Storage& storage,
                                            std::unique_ptr<Server> server);

}  // namespace holdfast::datastore::vm
