// A running ClickHouse, over its HTTP interface. Thread-safe.
//
// Errors never hold the password: Unavailable (not reachable, shutting down), AccessDenied (user or
// password wrong, a right is missing), NotFound (no such table or database, codes 60 and 81), else
// Failed; Error::code() is the server's own number ("57").
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/secret.h"

namespace holdfast::datastore::ch {

struct ServerOptions {
  std::string url;
  std::string user;
  Secret password;
  // Of one statement: of all rows of a table that are read, of a part that is copied.
  Duration timeout = std::chrono::hours(2);
};

// For one statement, as SET has them.
using Settings = std::map<std::string, std::string>;

class Server {
 public:
  virtual ~Server() = default;
  // Runs a statement and returns what it prints, at most 64 MiB. One that changes something passes
  // an Operation named "ch.<verb>" by its caller.
  virtual std::string run(const Context& context, std::string_view sql,
                          const Settings& settings) = 0;
  std::string run(const Context& context, std::string_view sql) { return run(context, sql, {}); }
};

std::unique_ptr<Server> make_server(const ServerOptions& options);

// The rows of a SELECT, an object each. `sql` has no FORMAT. 64-bit numbers are texts
// (number_of()).
std::vector<nlohmann::json> select(const Context& context, Server& server, std::string_view sql);
std::uint64_t number_of(const nlohmann::json& row, const char* column);
std::string text_of(const nlohmann::json& row, const char* column);
std::vector<std::string> texts_of(const nlohmann::json& row, const char* column);

// "Code: 57, e.displayText() = DB::Exception: ..." or "Code: 57. DB::Exception: ...": its number;
// 0 when there is none.
int error_number(std::string_view answer);

}  // namespace holdfast::datastore::ch
