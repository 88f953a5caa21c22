// Which storage stands behind a values file, and how it is wrapped: the one place that knows.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "config/values.h"
#include "storage/storage.h"
#include "storage/wrap/wrap.h"

namespace holdfast::app {

// The buckets in use, each with the setting that names it. That of the settings counts only under a
// name of its own: the documented policy does not have it.
std::map<std::string, std::string> buckets_in_use(const config::Values& values);

// The configured kind itself, as the gateway and --direct use it.
std::unique_ptr<storage::Storage> open_configured_storage(const Context& context,
                                                          const config::Values& values,
                                                          bool read_only);

// Where that keeps its objects, for people.
std::string place_of_objects(const config::Values& values);

// The buckets of all stores and of the catalog.
std::set<std::string> bucket_names(const config::Values& values);

// Our own gateway as a client sees it, with its root pair, retried and counted into `counts`.
std::unique_ptr<storage::Storage> open_gateway_client(const config::Values& values,
                                                      storage::StorageCounts& counts);

// Any S3 by its address, with the keys of the variables that AWS clients read. InvalidArgument
// without keys.
std::unique_ptr<storage::Storage> open_foreign_s3(const std::string& address);

}  // namespace holdfast::app
