// Copies on the server: whole objects, and the source that part copies share.
#pragma once

#include <functional>

#include "gateway/call.h"

namespace holdfast::gateway {

http::ServerResponse copy_object(Call& call);

// x-amz-copy-source: bucket and key, percent-encoded, with or without a slash in front; checked
// for the right to read it; with the version that its versionId names. Errors, by S3 code:
// InvalidArgument, NoSuchVersion, AccessDenied.
storage::ObjectRef copy_source(const Call& call);
// Runs the copy; a source that cannot be one comes out as S3 tells it: PreconditionFailed for
// conditions, InvalidRequest for a delete marker.
void run_copy(const std::function<void()>& copy);

}  // namespace holdfast::gateway
