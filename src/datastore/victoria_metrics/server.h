// What a backup needs of a running VictoriaMetrics, over HTTP. Errors never hold the auth key,
// though servers repeat it in their answers: Unavailable (not reachable, 5xx), AccessDenied (key
// wrong or missing), Failed (anything else).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/secret.h"

namespace holdfast::datastore::vm {

struct ServerFacts {
  std::string version;                // may be empty: Debian's build tells none
  std::optional<Duration> retention;  // of -retentionPeriod; none when it is not told
  std::uint64_t rows = 0;             // of samples, over all storage types
};

class Server {
 public:
  virtual ~Server() = default;
  virtual std::string create_snapshot(const Context& context) = 0;  // its name
  virtual std::vector<std::string> snapshots(const Context& context) = 0;
  // Removing one that is not there is no error.
  virtual void remove_snapshot(const Context& context, const std::string& name) = 0;
  virtual ServerFacts facts(const Context& context) = 0;
  // Number of time series; makes what was just written count first.
  virtual std::uint64_t series(const Context& context) = 0;
};

struct ServerOptions {
  std::string url;
  Secret auth_key;
  Duration timeout = std::chrono::minutes(5);  // of one request
};
std::unique_ptr<Server> make_server(const ServerOptions& options);

// Reads a metrics page (text exposition format).
ServerFacts parse_metrics(std::string_view page);
// "1" (months), "30d", "10y", "1h", "2w"; nullopt when malformed.
std::optional<Duration> parse_retention(std::string_view text);
// An answer's text with every form of the key struck out, on one line, at most 200 bytes.
std::string without_key(std::string_view text, const Secret& key);

}  // namespace holdfast::datastore::vm
