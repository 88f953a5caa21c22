// Copies inside the account: the bytes do not come here.
#pragma once

#include "storage/azure/azure_endpoint.h"

namespace holdfast::storage {

// Azure copies up to this many bytes in one request that ends with the copy made.
inline constexpr std::uint64_t kCopiedAtOnce = 256ull << 20;

// Copies in one request what that may copy; what is larger, block by block. Never starts a copy
// that goes on by itself. What it does not change of the source, its parts among it, is kept.
CopyResult copy_azure_object(AzureEndpoint& endpoint, const Context& context,
                             const ObjectRef& source, const ObjectRef& destination,
                             const CopyRequest& request);

}  // namespace holdfast::storage
