// One keep-alive HTTP connection that sends requests prepared beforehand and throws bodies away, or
// hands them on: as little work as a client can have, because it shares the cores with the server
// that is measured. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/file.h"

namespace holdfast::bench {

class RawConnection {
 public:
  // IPv4 only. Connects when first used, and again after the server closed.
  RawConnection(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}

  using Sink = std::function<void(std::string_view bytes)>;
  // Sends `head` and `body`; returns the answer's status once its body was read, through `sink` if
  // that is given. Throws Failed when the connection breaks or the answer is no HTTP.
  unsigned exchange(std::string_view head, std::string_view body, bool answer_has_body,
                    const Sink& sink = {});

 private:
  void connect();
  void send(std::string_view head, std::string_view body);
  // Fills buffer_ until `end` is in it; returns the position behind it.
  std::size_t read_through(std::string_view end, std::size_t from);
  bool fill();
  void skip(std::uint64_t size);
  void take(std::uint64_t size, const Sink& sink);
  void take_chunks(std::size_t at, const Sink& sink);

  const std::string host_;
  const std::uint16_t port_;
  Descriptor socket_;
  std::string buffer_;  // received and not used yet
  std::string block_;   // what a sink gets
};

}  // namespace holdfast::bench
