// What clients ask about an object beside its bytes.
#pragma once

#include "gateway/call.h"

namespace holdfast::gateway {

// The owner's full control, whatever the object.
http::ServerResponse get_object_acl(Call& call);
// Of ETag, Checksum, ObjectParts, StorageClass and ObjectSize those that
// x-amz-object-attributes names. InvalidArgument (code InvalidArgument) when it names none or
// another.
http::ServerResponse get_object_attributes(Call& call);

}  // namespace holdfast::gateway
