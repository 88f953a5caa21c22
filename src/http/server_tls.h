// TLS for the server: the certificate that it shows, and one client's session over a non-blocking
// socket. Versions 1.2 and 1.3, no renegotiation, no early data.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include "base/context.h"
#include "http/server.h"

struct ssl_st;
struct ssl_ctx_st;

namespace holdfast::http {

// One at a time, as Socket. Nothing here waits: what cannot go on says for which direction of the
// socket it has to wait.
class TlsSession {
 public:
  // kGone: the peer ended its side, or the session broke; a broken one stays gone.
  enum class State { kDone, kWaitRead, kWaitWrite, kGone };
  struct Moved {
    State state;
    std::size_t count = 0;
  };

  // The descriptor is borrowed.
  TlsSession(ssl_ctx_st* context, int descriptor);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // A step of the handshake.
  State greet();
  bool greeted() const { return greeted_; }
  // Whether the handshake broke because the peer speaks plain HTTP.
  bool met_plain_http() const { return met_plain_http_; }
  Moved read(std::span<char> into);
  // A write that has to wait must be repeated with the same bytes in front.
  Moved write(std::string_view bytes);
  // Whether bytes are there that the socket no longer shows.
  bool holds_bytes() const;
  // Tells the peer that nothing more comes, as far as the socket takes it at once.
  void say_goodbye();

 private:
  State state_after(int result);

  ssl_st* session_;
  int descriptor_;
  bool greeted_ = false;
  bool broken_ = false;
  bool met_plain_http_ = false;
};

// The pair of certificate and key, read again when a file changes. One thread.
class TlsIdentity {
 public:
  // Throws InvalidArgument for a pair that cannot be used.
  TlsIdentity(const Context& context, TlsFiles files);
  ~TlsIdentity();
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;

  // For a connection that was just accepted. Looks at the files at most every
  // TlsFiles::check_every; a new pair that cannot be used is one line of the log, and the old one
  // stays. Null when memory runs out.
  std::unique_ptr<TlsSession> open(int descriptor);

 private:
  // What tells that a file was written or replaced.
  struct Stamp {
    timespec modified{}, changed{};
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    bool operator==(const Stamp& other) const;
  };
  struct ContextDeleter {
    void operator()(ssl_ctx_st* context) const;
  };
  using ContextPointer = std::unique_ptr<ssl_ctx_st, ContextDeleter>;

  static Stamp stamp_of(const std::string& path);
  ContextPointer load() const;
  void reload_when_changed();

  const Context context_;
  const TlsFiles files_;
  Stamp certificate_stamp_, key_stamp_;
  SteadyTime next_check_;
  ContextPointer tls_;
};

}  // namespace holdfast::http
