// Tags of objects and of their versions.
#pragma once

#include "gateway/call.h"

namespace holdfast::gateway {

http::ServerResponse get_object_tagging(Call& call);
// Replaces all of them.
http::ServerResponse put_object_tagging(Call& call);
http::ServerResponse delete_object_tagging(Call& call);

}  // namespace holdfast::gateway
