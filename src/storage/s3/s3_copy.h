// Copies inside the endpoint: the bytes do not come here.
#pragma once

#include "storage/s3/s3_endpoint.h"

namespace holdfast::storage {

// Copies what one request may copy in one; what is larger, in parts.
CopyResult copy_s3_object(S3Endpoint& endpoint, MultipartStore& parts, const Context& context,
                          const ObjectRef& source, const ObjectRef& destination,
                          const CopyRequest& request);

// The value of x-amz-copy-source.
std::string copy_source(const ObjectRef& source);

}  // namespace holdfast::storage
