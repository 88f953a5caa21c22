// What the Gremlin client of a graph is told by its operator.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/clock.h"
#include "base/secret.h"

namespace holdfast::datastore::sg {

struct GremlinOptions {
  std::string url;   // ws:// or wss://, with the path: ws://127.0.0.1:8182/gremlin
  std::string user;  // empty: without a login
  Secret password;
  std::string ca_file;  // own CA; empty: the system's
  bool verify_tls = true;
  std::string traversal = "g";  // the server's name of the graph's traversal source
  // Connections that an export reads at once. A graph may be slow to be gone through by several.
  unsigned streams = 2;
  // From a request, or a part of its answer, to the next part. The server is told it too.
  Duration answer_timeout = std::chrono::minutes(10);
  Duration idle_timeout = std::chrono::seconds(60);  // no byte, not even the answer to a ping
  // How large a request of an import may be: the server's maxContentLength is 64 KiB in some of
  // its configurations.
  std::size_t request_bytes = std::size_t(60) * 1000;
  bool compress = false;  // exports with zstd
  // Whether the graph is asked to take the file's ids, where it takes any.
  bool keep_ids = true;
};

}  // namespace holdfast::datastore::sg
