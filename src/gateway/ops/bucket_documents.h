// Settings of buckets that are kept as documents: lifecycle, CORS and tags. They need a storage
// with bucket settings, else Unsupported (code NotImplemented).
#pragma once

#include "gateway/call.h"

namespace holdfast::gateway {

// The document kept under `name`, or NotFound with the code `absent`.
http::ServerResponse get_document(Call& call, const char* name, std::string_view absent);
http::ServerResponse set_document(Call& call, const char* name, std::string document,
                                  int status = 200);
http::ServerResponse delete_document(Call& call, const char* name);

http::ServerResponse get_bucket_lifecycle(Call& call);
http::ServerResponse put_bucket_lifecycle(Call& call);
http::ServerResponse delete_bucket_lifecycle(Call& call);
http::ServerResponse get_bucket_encryption(Call& call);
http::ServerResponse put_bucket_encryption(Call& call);
http::ServerResponse delete_bucket_encryption(Call& call);
http::ServerResponse get_bucket_cors(Call& call);
http::ServerResponse put_bucket_cors(Call& call);
http::ServerResponse delete_bucket_cors(Call& call);
http::ServerResponse get_bucket_tagging(Call& call);
http::ServerResponse put_bucket_tagging(Call& call);
http::ServerResponse delete_bucket_tagging(Call& call);

}  // namespace holdfast::gateway
