// Operations on single objects, and bulk removal.
#pragma once

#include "gateway/call.h"

namespace holdfast::gateway {

http::ServerResponse put_object(Call& call);
// GET and HEAD: whole, a range, or a part; conditional.
http::ServerResponse get_object(Call& call);
http::ServerResponse delete_object(Call& call);
// Up to 1,000 keys, a result each.
http::ServerResponse delete_objects(Call& call);

}  // namespace holdfast::gateway
