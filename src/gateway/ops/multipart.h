// Multipart uploads.
#pragma once

#include "gateway/call.h"

namespace holdfast::gateway {

http::ServerResponse create_upload(Call& call);
http::ServerResponse put_part(Call& call);
http::ServerResponse copy_part(Call& call);
// A repeated Complete, whose first answer the client may have missed, is answered as the first.
http::ServerResponse complete_upload(Call& call);
http::ServerResponse abort_upload(Call& call);
http::ServerResponse list_parts(Call& call);
http::ServerResponse list_uploads(Call& call);

}  // namespace holdfast::gateway
