// Object lock: configuration of buckets, retention and legal hold of versions.
#pragma once

#include "gateway/call.h"

namespace holdfast::gateway {

http::ServerResponse get_lock_configuration(Call& call);
http::ServerResponse put_lock_configuration(Call& call);
http::ServerResponse get_object_retention(Call& call);
http::ServerResponse put_object_retention(Call& call);
http::ServerResponse get_object_legal_hold(Call& call);
http::ServerResponse put_object_legal_hold(Call& call);

}  // namespace holdfast::gateway
