// Operations on buckets, and the settings of buckets that clients probe: what is not offered is
// answered as "not set", which is true, and never pretended to be set.
#pragma once

#include "gateway/call.h"

namespace holdfast::gateway {

// The buckets that the key sees.
http::ServerResponse list_buckets(Call& call);
http::ServerResponse create_bucket(Call& call);
http::ServerResponse head_bucket(Call& call);
http::ServerResponse delete_bucket(Call& call);
http::ServerResponse get_bucket_location(Call& call);
http::ServerResponse get_bucket_acl(Call& call);
http::ServerResponse get_bucket_setting(Call& call);

// The owner's full control, as an <AccessControlPolicy>.
std::string owner_access_document();

}  // namespace holdfast::gateway
