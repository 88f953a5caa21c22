// Settings of buckets that are kept as documents: lifecycle and CORS.
#pragma once

#include "gateway/call.h"

namespace holdfast::gateway {

http::ServerResponse get_bucket_lifecycle(Call& call);
http::ServerResponse put_bucket_lifecycle(Call& call);
http::ServerResponse delete_bucket_lifecycle(Call& call);
http::ServerResponse get_bucket_cors(Call& call);
http::ServerResponse put_bucket_cors(Call& call);
http::ServerResponse delete_bucket_cors(Call& call);

}  // namespace holdfast::gateway
