// The access keys of the gateway, as the values name them.
#pragma once

#include <vector>

#include "config/values.h"
#include "gateway/auth/access_key.h"

namespace holdfast::app {

// The root pair, then the limited ones. A limited pair that writes where a store keeps its backups
// is that store's pair: it also reads and writes the store's lease and run records in the catalog,
// and nothing else there.
std::vector<gateway::AccessKey> gateway_keys(const config::Values& values);

}  // namespace holdfast::app
