// Sockets on 127.0.0.1 for tests that play a server.
#pragma once

#include <cstdint>

namespace holdfast::support {

// Listens on a free port of 127.0.0.1 for as long as it lives.
class Listener {
 public:
  Listener();
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  int socket() const { return socket_; }
  std::uint16_t port() const { return port_; }

 private:
  int socket_ = -1;
  std::uint16_t port_ = 0;
};

// A port on 127.0.0.1 where nothing listens.
std::uint16_t unused_port();

}  // namespace holdfast::support
