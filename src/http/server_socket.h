// One accepted connection's socket: non-blocking, with waits that have a limit, plain or under TLS.
// One thread at a time, except for cut().
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <poll.h>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/stream.h"

namespace holdfast::http {

// Code of the Unavailable that a send throws when the peer is gone.
inline constexpr std::string_view kClientGone = "ClientGone";

// Shared by all requests of a server: lets slow ones give way to those that wait for a worker.
struct Crowd {
  const std::uint64_t bytes_per_second;  // who is slower may have to give way; 0: nobody
  const Duration after;                  // so much waiting for the peer is needed to judge it
  std::atomic<std::size_t> wanted{0};    // how many shall give way; set by who sees the queue
  // Whether the caller is one of them.
  bool take();
};

// How long a peer may take over a body: throws when no byte moves for `stall`, or when fewer than
// `bytes_per_second` move over a stretch of waiting as long as `stall`. Only time spent in wait()
// counts, so that a slow disk on our side is never held against the peer. With a crowd, which must
// outlive it, also when the request is one of those that give way. One a direction and request.
class Pace {
 public:
  Pace(const Clock& clock, Duration stall, std::uint64_t bytes_per_second, Crowd* crowd = nullptr)
      : clock_(clock), stall_(stall), bytes_per_second_(bytes_per_second), crowd_(crowd) {}
  // Until the descriptor is ready for `events` (poll's). Throws DeadlineExceeded, code
  // kRequestTimeout.
  void wait(int descriptor, short events);
  void moved(std::size_t count);

 private:
  bool slower_than(std::uint64_t bytes_per_second) const;
  void check() const;

  const Clock& clock_;
  const Duration stall_;
  const std::uint64_t bytes_per_second_;
  Crowd* const crowd_;
  Duration idle_{0};     // waited since the last byte
  Duration stretch_{0};  // waited since the stretch began
  std::uint64_t bytes_ = 0;
};

class TlsSession;

class Socket {
 public:
  explicit Socket(Descriptor descriptor);
  // Under TLS, with the handshake still to be done; plain when the session is null.
  Socket(Descriptor descriptor, std::unique_ptr<TlsSession> session);
  ~Socket();
  int descriptor() const { return descriptor_.get(); }

  enum class State { kData, kNothingYet, kGone };
  // Whether the handshake is not done yet. Until then only greet_now() and what ends a connection
  // may be called.
  bool greeting() const;
  // Goes on with the handshake; kData when it is done.
  State greet_now();
  // Whether the handshake failed because the peer speaks plain HTTP.
  bool met_plain_http() const;
  // What to poll for after kNothingYet.
  short wanted() const { return wanted_; }
  // Whether bytes are there of which the descriptor tells nothing any more.
  bool holds_bytes() const;
  struct Received {
    State state;
    std::size_t count;
  };
  // What is there now, without waiting. Gone: the peer ended its side, or the connection broke.
  Received receive_now(std::span<char> into);
  // Waits so long for something to receive; false when nothing came.
  bool await(std::chrono::milliseconds time) const;
  // The same as receive_now(), for bytes that nobody wants: no session looks at them.
  State drop_now(std::span<char> into);
  // Waits for at least one byte; 0 when the peer is gone.
  std::size_t receive(std::span<char> into, Pace& pace);
  // All of it; `more` says that further bytes follow at once. Throws Unavailable when the peer is
  // gone.
  void send(std::span<iovec> pieces, Pace& pace, bool more = false);
  void send(std::string_view bytes, Pace& pace, bool more = false);
  // Throws Unavailable when the peer is gone, Corrupt when the file is shorter than the region.
  // Returns nothing less than all. `sent` counts along, so that it is right after a throw too.
  void send_file(FileRegion region, Pace& pace, std::uint64_t& sent);
  // As much of it as goes without waiting: nothing while the handshake is under way, except to a
  // peer that speaks plain HTTP.
  void send_now(std::string_view bytes);
  // Ends our side, so that the peer reads the answer and then the end.
  void finish_sending();
  // Makes the coming close a reset, so that a response cut short cannot pass for a whole one.
  void reset_on_close();
  // Ends both sides; wakes a thread that waits on the socket. From any thread.
  void cut();

 private:
  Received receive_plain(std::span<char> into);
  Received receive_sealed(std::span<char> into);
  void send_sealed(std::span<iovec> pieces, Pace& pace);
  void send_file_sealed(FileRegion region, Pace& pace, std::uint64_t& sent);

  Descriptor descriptor_;
  std::unique_ptr<TlsSession> session_;  // none: plain
  short wanted_ = POLLIN;
};

// Bytes received and not yet used.
class Input {
 public:
  std::string_view view() const { return std::string_view(bytes_).substr(position_); }
  bool empty() const { return position_ == bytes_.size(); }
  std::size_t memory() const { return bytes_.capacity(); }
  void append(std::string_view more);
  void consume(std::size_t count);
  // Gives the memory back, with what is in it. (Assigning an empty one would keep the memory.)
  void release() { std::string().swap(bytes_), position_ = 0; }

 private:
  std::string bytes_;
  std::size_t position_ = 0;
};

}  // namespace holdfast::http
