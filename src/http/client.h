// HTTP/1.1 client with kept connections, streaming both ways. Never repeats a request: that is its
// caller's policy. No vendor type shows. Thread-safe: any thread may start requests; one Exchange
// belongs to one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/context.h"
#include "base/stream.h"

namespace holdfast::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "GET";
  std::string
      url;  // absolute, percent-encoded; may hold secrets in its query, so it is never logged whole
  Headers headers;         // Host and Content-Length are added
  Source* body = nullptr;  // borrowed until the response head is there; its size() must be known
  bool expect_continue = false;  // wait for 100 before sending a large body
};

struct ClientOptions {
  Duration connect_timeout = std::chrono::seconds(10);
  Duration idle_timeout =
      std::chrono::seconds(60);  // no byte in either direction for so long: Unavailable
  std::size_t max_kept_connections = 64;
  std::string ca_file;  // own CA; empty: the system's
  bool verify_tls = true;
  std::string user_agent = "holdfast";
  // What to do when nobody listens there; empty: to check that a server does.
  std::string advice_when_down;
};

// A response whose head has arrived; its body is pulled. Destroying it early drops the connection.
class Exchange : public Source {
 public:
  virtual int status() const = 0;
  virtual const Headers& headers() const = 0;
  // First value of that header, name in any case; nullopt when absent.
  std::optional<std::string> header(std::string_view name) const;
};

// Throws Unavailable (cannot connect, reset, timed out, TLS trouble is Failed with what to do),
// DeadlineExceeded or Cancelled by the context. A status is never an error here.
class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  // Blocks until the response head is there. The whole exchange runs under the context's deadline.
  std::unique_ptr<Exchange> send(const Context& context, const Request& request);

 private:
  struct Pool;
  std::shared_ptr<Pool> pool_;
};

}  // namespace holdfast::http
