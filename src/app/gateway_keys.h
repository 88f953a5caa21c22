// The access keys of the gateway, as the values name them.
#pragma once

#include <vector>

#include "config/values.h"
#include "gateway/auth/access_key.h"

namespace holdfast::app {

// The root pair, then the limited ones. A limited pair that writes or deletes where a store keeps
// its backups is one of that store's pairs: it also reads and writes the store's lease and run
// records in the catalog, and nothing else there. One that deletes and cannot write is retention's:
// it removes run records too.
std::vector<gateway::AccessKey> gateway_keys(const config::Values& values);

}  // namespace holdfast::app
