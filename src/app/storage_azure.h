// The Azure kind of storage: which account, which containers (minio.azuregateway).
#pragma once

#include <memory>

#include "base/context.h"
#include "config/values.h"
#include "storage/azure/azure_storage.h"

namespace holdfast::app {

// The driver's options. Throws Unsupported where the values give neither a key nor a signature.
storage::AzureOptions azure_upstream_options(const config::Values& values);

// Retried, but for what the driver repeats itself. Unless `read_only`, the containers that the
// values name are made; one that cannot be is a warning.
std::unique_ptr<storage::Storage> open_azure_upstream(const Context& context,
                                                      const config::Values& values, bool read_only);

}  // namespace holdfast::app
