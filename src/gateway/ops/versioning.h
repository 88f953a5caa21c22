// Versioning of buckets and lists of versions.
#pragma once

#include "gateway/call.h"

namespace holdfast::gateway {

// What a storage without versions answers is "never enabled".
http::ServerResponse get_bucket_versioning(Call& call);
http::ServerResponse put_bucket_versioning(Call& call);
// Where the storage has no versions, every object is its own only one, called "null".
http::ServerResponse list_versions(Call& call);

}  // namespace holdfast::gateway
