// HTTP/1.1 server for large bodies and many idle connections.
//
// One epoll thread accepts and reads request heads without blocking; a complete head is handed to
// one of at most `max_workers` threads, which runs the handler and talks to the socket directly
// (blocking with poll deadlines). After the response a connection with nothing left in its parse
// buffer, nor in that of TLS, is parked in epoll again, unless its client asks for more at once.
// Only the parser is Boost.Beast's.
// Handshakes are workers' work too: their arithmetic would hold up everybody on the epoll thread.
// Those that fail or take longer than head_timeout end without an answer; who speaks plain HTTP to
// a TLS server gets a plain 400.
//
// Refused before any handler runs: heads over max_head_bytes (431) or slower than head_timeout
// (408), malformed or ambiguous ones (400: two Content-Lengths, Content-Length with
// Transfer-Encoding, obsolete line folding, bad names), connections beyond max_connections (503 and
// closed).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/context.h"
#include "base/stream.h"

namespace holdfast::http {

// Codes of the errors that reading a request's body throws.
inline constexpr std::string_view kIncompleteBody = "IncompleteBody";
inline constexpr std::string_view kRequestTimeout = "RequestTimeout";
inline constexpr std::string_view kMalformedChunk = "MalformedChunk";

struct ServerRequest {
  std::string method;
  std::string target;  // as sent: percent-encoded path and query
  std::vector<std::pair<std::string, std::string>> headers;
  std::string peer;  // address:port
  bool tls = false;  // it came under TLS
  bool keep_alive = true;
  // The body as framed by HTTP (Content-Length or chunked); never null, empty when there is none.
  // Reading it sends "100 Continue" first when the client waits for that. A handler may leave it
  // unread: the server then drains a little or closes the connection. Belongs to the server; not to
  // be read from within a producer. read() throws with one of the codes below:
  //   kIncompleteBody  InvalidArgument: the peer went away before the end
  //   kRequestTimeout  DeadlineExceeded: stalled, slower than min_body_bytes_per_second, or slower
  //                    than crowded_bytes_per_second while others wait for a worker
  //   kMalformedChunk  InvalidArgument: the chunked coding is broken
  Source* body = nullptr;
  std::optional<std::uint64_t> content_length;
  // First value of that header, name in any case; nullopt when absent.
  std::optional<std::string_view> header(std::string_view name) const;
};

// What a handler answers. The body is one of: text, a Source (with known size: Content-Length, else
// chunked), or a file region of that Source (sent with sendfile).
struct ServerResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>>
      headers;  // Content-Length, Transfer-Encoding, Date and Connection are the server's: others'
                // are left out
  std::string text;
  std::unique_ptr<Source> source;
  // Answer to HEAD: `length` is announced, nothing is sent. (A HEAD never gets a body, whatever is
  // set.)
  bool head_only = false;
  std::optional<std::uint64_t> length;  // with head_only
  bool close = false;
  int label = -1;  // the handler's own number for what it did, for AccessRecord
  // Writes the response's body in pieces as it is made (for answers that take long, such as
  // completing a multipart upload, where blanks keep the connection alive). Sent chunked. Exclusive
  // with the others.
  std::function<void(const std::function<void(std::string_view)>& write)> producer;
};

// The pair that a TLS server shows; both files are looked at again while it runs.
struct TlsFiles {
  std::string certificate_file;  // PEM, the server's own certificate first, then its chain
  std::string key_file;          // PEM, without a passphrase
  // At most so often, and only when a connection comes. A pair that cannot be used leaves the old
  // one in use and one line in the log.
  Duration check_every = std::chrono::seconds(1);
};

struct ServerOptions {
  std::string host =
      "127.0.0.1";         // name or address, IPv6 with or without brackets; "": every address
  std::uint16_t port = 0;  // 0: any free one
  std::size_t max_workers = 256;
  std::size_t max_connections = 12'000;
  std::size_t max_queued_requests =
      1024;  // complete heads waiting for a worker; beyond: 503 with overloaded_body
  std::size_t max_head_bytes = 32 * 1024;
  // Memory of all heads that are not complete yet; beyond it the oldest of them get a 503.
  std::size_t max_unfinished_bytes = 32 << 20;
  std::optional<TlsFiles> tls;  // none: plain HTTP
  // Of a head, from its first byte; of a TLS handshake, from the connection on.
  Duration head_timeout = std::chrono::seconds(15);
  Duration idle_timeout = std::chrono::seconds(120);  // between requests, and before the first
  // After a response a worker waits so long for the next request before it parks the connection:
  // parking and taking it up again wakes two threads and costs as much as a small request does. At
  // most a quarter of the workers wait, none while requests are queued, and not for clients that
  // took longer. 0: never.
  std::chrono::milliseconds await_next{2};
  Duration body_stall_timeout =
      std::chrono::seconds(30);  // no byte of a body for so long, either way
  // Measured over stretches of body_stall_timeout; only time spent waiting for the peer counts.
  std::uint64_t min_body_bytes_per_second = 64;
  // While requests have waited for a worker for crowded_after, so many bodies are cut in their
  // favour, if they are slower than this over at least crowded_after of waiting for the peer.
  // 0: none.
  std::uint64_t crowded_bytes_per_second = 16 * 1024;
  Duration crowded_after = std::chrono::seconds(5);
  Duration stop_grace = std::chrono::seconds(25);  // for request_stop()
  // Which targets one more worker, kept for them, answers while all others are busy: short things
  // that must not wait, such as health checks. Called from any thread. Absent: none.
  std::function<bool(std::string_view target)> urgent;
  // What a 503 says: one for requests beyond the queue and connections beyond the limit.
  std::string overloaded_body = "the server is busy, try again later\n";
  std::string overloaded_type = "text/plain";
  // Makes the answer to a request that no handler sees (400, 408, 431, 501, 505) or whose
  // handler threw (500); its text and headers are used. Absent: plain text. Called from any thread.
  std::function<ServerResponse(int status, std::string_view why)> refusal;
};

// One finished request, refused ones included: those come from the epoll thread too. Whoever takes
// it must not throw or wait, and keeps no reference to it.
struct AccessRecord {
  const ServerRequest& request;  // of a refused one: the peer, and method and target if they are
                                 // there to be read
  int status;
  std::uint64_t bytes_in = 0, bytes_out = 0;  // of the bodies
  Duration time{0};                           // from the complete head to the end of the answer
  bool complete = true;                       // the whole answer was handed to the kernel
  int label = -1;                             // ServerResponse::label
  std::string_view refusal = {};              // why no handler saw it; empty when one did
};

// Runs on a worker thread with a stack of 512 KiB. The context is cancelled when a stop runs out of
// grace. What it throws becomes a 500 (400 or 408 for the body's own errors).
using Handler = std::function<ServerResponse(const Context&, ServerRequest&)>;

class Server {
 public:
  // Raises the process's soft limit of open files as far as its connections and the hard limit ask
  // for. Binds at once; throws Failed (address in use: Refused) so that a wrong address is known
  // before anything else starts. InvalidArgument for a certificate or key that cannot be used.
  Server(const Context& context, ServerOptions options, Handler handler,
         std::function<void(const AccessRecord&)> on_done = nullptr);
  // run() must have returned, or never been called.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  std::uint16_t port() const;
  // Serves until stop(); returns when the last request is done. Call it once.
  void run();
  // From any thread, a handler's too; returns at once. run() then stops accepting, closes idle
  // connections, lets running requests finish for `grace`, and then cuts them: the connections are
  // shut and the handlers' context is cancelled. A second call can shorten the grace.
  void stop(Duration grace);
  // Async-signal-safe: asks run() to stop with a grace of ServerOptions::stop_grace.
  void request_stop() noexcept;
  std::size_t open_connections() const;
  std::size_t queued_requests() const;  // complete heads that wait for a worker
  std::uint64_t parked() const;  // how often a worker gave a connection back to wait for a head
  std::size_t unfinished_bytes() const;     // memory of heads that are not complete
  std::uint64_t failed_handshakes() const;  // of TLS, those out of time included

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::http
