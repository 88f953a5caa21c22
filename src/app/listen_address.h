// Where a server listens, as the values write it.
#pragma once

#include <string>

#include "http/server.h"

namespace holdfast::app {

// Fills host and port from "host:port". InvalidArgument, naming the key, for anything else.
void split_address(const std::string& key, const std::string& address,
                   http::ServerOptions& options);

}  // namespace holdfast::app
