// For the tests of the server: one that runs on its own thread, and a peer that speaks raw bytes to
// it.
#pragma once

#include <arpa/inet.h>
#include <cstdint>
#include <fmt/format.h>
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/file.h"
#include "http/server.h"

namespace holdfast::http {

class RunningServer {
 public:
  explicit RunningServer(Handler handler, ServerOptions options = {},
                         std::function<void(const AccessRecord&)> on_done = nullptr)
      : server_(Context::background(), std::move(options), std::move(handler), std::move(on_done)),
        thread_([this] { server_.run(); }) {}
  ~RunningServer() { stop(); }

  Server* operator->() { return &server_; }
  // Stops without grace unless a stop is under way, and waits for the end.
  void stop(Duration grace = Duration::zero()) {
    server_.stop(grace);
    join();
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  Server server_;
  std::thread thread_;
};

// A client's socket. Every wait is bounded: what takes longer reads as "" and fails the test.
class Peer {
 public:
  explicit Peer(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0)
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval limit{60, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ADD_FAILURE() << "cannot connect to port " << port;
    }
  }

  // Whether all of it was taken.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(std::size_t(count));
    }
    return true;
  }
  void finish_sending() { ::shutdown(socket_.get(), SHUT_WR); }
  void close() { socket_.close(); }
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

  // Up to and including `end`; what came when the connection ended first.
  std::string read_until(std::string_view end) {
    while (buffer_.find(end) == std::string::npos && fill()) {
    }
    const std::size_t at = buffer_.find(end);
    return take(at == std::string::npos ? buffer_.size() : at + end.size());
  }
  std::string read_exactly(std::size_t count) {
    while (buffer_.size() < count && fill()) {
    }
    return take(std::min(count, buffer_.size()));
  }
  std::string read_to_end() {
    while (fill()) {
    }
    return take(buffer_.size());
  }
  // Whether something that was not read yet has come, or the end.
  bool has_answer() {
    pollfd wanted{socket_.get(), POLLIN, 0};
    return !buffer_.empty() || ::poll(&wanted, 1, 0) > 0;
  }
  // The head of a response.
  std::string read_head() { return read_until("\r\n\r\n"); }
  // Whether the connection ends in order, with nothing more coming.
  bool ends() { return buffer_.empty() && !fill() && last_error_ == 0; }
  // Whether it ends by a reset.
  bool is_reset() {
    while (fill()) {
    }
    return last_error_ == ECONNRESET;
  }

 private:
  bool fill() {
    char bytes[65536];
    const ssize_t count = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (count < 0) last_error_ = errno;
    if (count > 0) buffer_.append(bytes, std::size_t(count));
    return count > 0;
  }
  std::string take(std::size_t count) {
    std::string out = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return out;
  }

  Descriptor socket_;
  std::string buffer_;
  int last_error_ = 0;
};

inline std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

inline ServerResponse text_response(std::string text, int status = 200) {
  ServerResponse response;
  response.status = status;
  response.text = std::move(text);
  return response;
}

inline ServerResponse hello(const Context&, ServerRequest&) { return text_response("hello"); }

// A request whose head is that long.
inline std::string head_of_size(std::size_t size) {
  const std::string begin = "GET / HTTP/1.1\r\nHost: h\r\nX-Fill: ";
  return begin + std::string(size - begin.size() - 4, 'x') + "\r\n\r\n";
}

// What the hook is told, in one line each; the server must be stopped before it is read.
struct Records {
  std::mutex mutex;
  std::vector<std::string> lines;
  std::function<void(const AccessRecord&)> hook() {
    return [this](const AccessRecord& record) {
      std::lock_guard lock(mutex);
      lines.push_back(fmt::format("{} {} {} {}", record.request.method, record.request.target,
                                  record.status, record.refusal));
    };
  }
};

// A handler that tells when it runs, and waits until it is let go.
struct Gate {
  std::promise<void> entered, released;
  std::shared_future<void> release = released.get_future().share();
  Handler handler() {
    return [this](const Context&, ServerRequest& request) {
      if (request.target == "/gate") {
        entered.set_value();
        release.wait();
      }
      return text_response("hello");
    };
  }
};

// A server whose only worker is with a request at the gate, and whose queue holds one.
struct BusyServer {
  explicit BusyServer(ServerOptions options = {})
      : server(gate.handler(), with_one_worker(std::move(options))), running(server->port()) {
    running.send(get("/gate"));
    gate.entered.get_future().wait();
  }
  // Sends a request that has to wait for the worker; returns when it does.
  void queue(Peer& peer) {
    peer.send(get("/"));
    while (server->queued_requests() < 1) std::this_thread::yield();
  }
  static ServerOptions with_one_worker(ServerOptions options) {
    options.max_workers = 1;
    options.max_queued_requests = 1;
    return options;
  }

  Gate gate;
  RunningServer server;
  Peer running;
};

}  // namespace holdfast::http
