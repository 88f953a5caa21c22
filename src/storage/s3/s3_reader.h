// An open object of an S3 endpoint: the answer to a GET, read as it comes.
#pragma once

#include <memory>

#include "storage/s3/s3_endpoint.h"

namespace holdfast::storage {

// Throws Failed when the endpoint answered with something else than was asked for, and
// PreconditionFailed when it ignored a condition.
std::unique_ptr<Reader> open_s3_reader(S3Endpoint& endpoint, const Context& context,
                                       const ObjectRef& ref, const GetRequest& request);

ObjectInfo head_s3_object(S3Endpoint& endpoint, const Context& context, const ObjectRef& ref,
                          const GetRequest& request);

}  // namespace holdfast::storage
