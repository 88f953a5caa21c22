// One line for every request, refused ones included, for people and log collectors. Nothing in it
// lets a reader
// repeat the request: signatures, credentials and tokens are left out.
#pragma once

#include <string>

#include "http/server.h"

namespace holdfast::gateway {

// `PEER ACCESSKEY "METHOD TARGET" STATUS BYTES_IN BYTES_OUT MILLISECONDS "USER-AGENT"`, then ` cut`
// when the client did not take the whole answer, ` refused "WHY"` when the request never reached an
// operation; METHOD and TARGET are then "-" where they could not be read. ACCESSKEY
// is what the request claims (a wrong signature shows as status 403), "-" without one. Blanks,
// quotes and control characters of the client's text are escaped.
std::string access_line(const http::AccessRecord& record);

}  // namespace holdfast::gateway
