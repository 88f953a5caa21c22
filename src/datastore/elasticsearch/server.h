// A running Elasticsearch or OpenSearch cluster, over its REST interface. Thread-safe.
//
// Errors never hold the password. The kind follows `error.type` of the answer, not its status: many
// a client's mistake is answered with 500 (docs/design/elasticsearch.md). Error::code() is that
// type ("snapshot_missing_exception"), empty when the cluster was not reached or gave none.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/secret.h"

namespace holdfast::datastore::es {

struct ServerOptions {
  std::string url;
  std::string user;  // empty: without logging in
  Secret password;
  std::string ca_file;          // empty: the system's
  std::vector<Secret> secrets;  // never shown either, should an answer tell one back
  // Of one request. What takes long is started and then watched, so none waits for bytes to move;
  // but a removal waits for the snapshots that run.
  Duration timeout = std::chrono::minutes(10);
};

class Server {
 public:
  virtual ~Server() = default;
  // `path` begins with a slash, its parts are percent-encoded (in_path()). A null `body` sends
  // none. NotFound, AccessDenied, Unavailable (not reachable, shutting down, a limit of its own),
  // PreconditionFailed (the name is taken, a version is another one), Refused (the thing is in use
  // by a snapshot or restore), InvalidArgument, Corrupt, else Failed.
  virtual nlohmann::json call(const Context& context, const std::string& method,
                              const std::string& path, const nlohmann::json& body) = 0;
  nlohmann::json get(const Context& context, const std::string& path) {
    return call(context, "GET", path, nullptr);
  }
};

std::unique_ptr<Server> make_server(const ServerOptions& options);

// How long to wait until the cluster is asked again: short at first, longer the longer it takes.
class Pause {
 public:
  // Throws as Context::sleep().
  void take(const Context& context, const std::string& what);

 private:
  Duration next_ = std::chrono::milliseconds(10);
};

// `ask`, which may be asked twice, and again while the cluster is away for a moment (a node that
// restarts, a network that drops): what it was told to do it does by itself. Unavailable when it
// stays away for five minutes.
void patiently(const Context& context, const std::function<void()>& ask);
nlohmann::json get_patiently(const Context& context, Server& server, const std::string& path);

// A name as one part of a path: everything but letters, digits, - . _ ~ encoded.
std::string in_path(std::string_view name);
// Names parted by commas, as one part of a path. Long ones are refused by the cluster beyond 4096
// bytes a line: in_paths() gives as many paths as are needed.
std::vector<std::string> in_paths(const std::vector<std::string>& names);

// Members of answers; Failed naming the member when it is not there or of another kind.
const nlohmann::json& member(const nlohmann::json& json, const char* name);
std::string text_in(const nlohmann::json& json, const char* name);
std::uint64_t number_in(const nlohmann::json& json, const char* name);  // a text of digits as well

// The same where it need not be: null, empty, false.
const nlohmann::json& member_or_null(const nlohmann::json& json, const char* name);
std::string text_or_empty(const nlohmann::json& json, const char* name);
bool flag_or_false(const nlohmann::json& json, const char* name);

// The innermost reason of an error as the cluster tells it (`caused_by` to its end), for people:
// the outer one often says only "path is not accessible".
std::string reason_of(const nlohmann::json& error);

}  // namespace holdfast::datastore::es
