// Copies on the server: whole objects, and the source that part copies share.
#pragma once

#include "gateway/call.h"

namespace holdfast::gateway {

http::ServerResponse copy_object(Call& call);

// x-amz-copy-source: bucket and key, percent-encoded, with or without a slash in front; checked
// for the right to read it. Errors, by S3 code: InvalidArgument, NoSuchVersion, AccessDenied.
storage::ObjectRef copy_source(const Call& call);

}  // namespace holdfast::gateway
