#include "support/scripted_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <set>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "support/loopback.h"

namespace holdfast::support {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

// The value of the header, as a view into `head`; nullptr data when it is not there.
std::string_view find_header(std::string_view head, std::string_view name) {
  std::size_t at = head.find("\r\n");
  while (at != std::string_view::npos && at + 2 < head.size()) {
    std::size_t end = head.find("\r\n", at + 2);
    std::string_view line = head.substr(at + 2, end - at - 2);
    std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && same_name(line.substr(0, colon), name)) {
      line.remove_prefix(colon + 1);
      while (line.starts_with(' ')) line.remove_prefix(1);
      return line;
    }
    at = end;
  }
  return {};
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(std::size_t(count));
  }
  return true;
}

}  // namespace

std::string RecordedRequest::first_line() const { return head.substr(0, head.find("\r\n")); }

std::string RecordedRequest::header(std::string_view name) const {
  return std::string(find_header(head, name));
}

bool RecordedRequest::has_header(std::string_view name) const {
  return find_header(head, name).data() != nullptr;
}

ScriptedReply reply(int status, std::string_view body,
                    const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string bytes = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n";
  for (const auto& [name, value] : headers) bytes += name + ": " + value + "\r\n";
  bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  bytes += body;
  return {.bytes = bytes};
}

struct ScriptedServer::State {
  Script script;
  Listener listener;
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::mutex script_mutex;
  std::vector<RecordedRequest> requests;
  std::set<int> sockets;
  std::vector<std::thread> threads;
  std::thread acceptor;
  unsigned connections = 0, closed = 0;
  bool stopping = false;

  void accept_all();
  void serve(int socket, unsigned connection);
  bool serve_one(int socket, unsigned connection, std::string& pending);
  static bool receive(int socket, std::string& pending);
  // Reads and throws away until the peer ends the connection.
  static void wait_for_end(int socket);
};

bool ScriptedServer::State::receive(int socket, std::string& pending) {
  char buffer[65536];
  ssize_t count = ::recv(socket, buffer, sizeof buffer, 0);
  if (count <= 0) return false;
  pending.append(buffer, std::size_t(count));
  return true;
}

void ScriptedServer::State::wait_for_end(int socket) {
  std::string ignored;
  while (receive(socket, ignored)) ignored.clear();
}

bool ScriptedServer::State::serve_one(int socket, unsigned connection, std::string& pending) {
  std::size_t end;
  while ((end = pending.find("\r\n\r\n")) == std::string::npos) {
    if (!receive(socket, pending)) return false;
  }
  RecordedRequest request{pending.substr(0, end + 4), "", connection};
  pending.erase(0, end + 4);
  std::size_t length = 0;
  std::string text = request.header("Content-Length");
  std::from_chars(text.data(), text.data() + text.size(), length);
  ScriptedReply answer;
  {
    // The script sees the head; it decides whether the body is read at all.
    std::lock_guard lock(script_mutex);
    answer = script(request);
  }
  if (answer.send_continue && !send_all(socket, "HTTP/1.1 100 Continue\r\n\r\n")) return false;
  bool whole = true;
  while (answer.read_body && whole && pending.size() < length) whole = receive(socket, pending);
  request.body = pending.substr(0, answer.read_body ? length : 0);
  pending.erase(0, request.body.size());
  {
    std::lock_guard lock(mutex);
    requests.push_back(std::move(request));
    changed.notify_all();
  }
  if (!whole || !send_all(socket, answer.bytes)) return false;
  if (answer.then == ScriptedReply::Then::kStall) wait_for_end(socket);
  if (answer.then == ScriptedReply::Then::kReset) {
    linger hard{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  if (answer.then == ScriptedReply::Then::kClose) {
    // The peer must see an end and not a reset, also when it has sent more than was read.
    ::shutdown(socket, SHUT_WR);
    wait_for_end(socket);
  }
  return answer.then == ScriptedReply::Then::kKeep;
}

void ScriptedServer::State::serve(int socket, unsigned connection) {
  std::string pending;
  while (serve_one(socket, connection, pending)) {
  }
  std::lock_guard lock(mutex);
  sockets.erase(socket);
  ::close(socket);
  ++closed;
  changed.notify_all();
}

void ScriptedServer::State::accept_all() {
  while (true) {
    int socket = ::accept4(listener.socket(), nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    int one = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    std::lock_guard lock(mutex);
    if (stopping) {
      ::close(socket);
      return;
    }
    sockets.insert(socket);
    unsigned number = ++connections;
    threads.emplace_back([this, socket, number] { serve(socket, number); });
    changed.notify_all();
  }
}

ScriptedServer::ScriptedServer(std::deque<ScriptedReply> replies)
    : ScriptedServer([left = std::move(replies)](const RecordedRequest&) mutable {
        if (left.empty()) return reply(599, "the script has ended");
        ScriptedReply next = std::move(left.front());
        left.pop_front();
        return next;
      }) {}

ScriptedServer::ScriptedServer(Script script) : state_(std::make_shared<State>()) {
  state_->script = std::move(script);
  state_->acceptor = std::thread([state = state_.get()] { state->accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    for (int socket : state_->sockets) ::shutdown(socket, SHUT_RDWR);
  }
  ::shutdown(state_->listener.socket(), SHUT_RDWR);
  state_->acceptor.join();
  for (std::thread& thread : state_->threads) thread.join();
}

std::uint16_t ScriptedServer::port() const { return state_->listener.port(); }

std::string ScriptedServer::place() const { return "127.0.0.1:" + std::to_string(port()); }

std::string ScriptedServer::url() const { return "http://" + place(); }

std::vector<RecordedRequest> ScriptedServer::requests() const {
  std::lock_guard lock(state_->mutex);
  return state_->requests;
}

RecordedRequest ScriptedServer::request(std::size_t index) const { return requests().at(index); }

unsigned ScriptedServer::connections() const {
  std::lock_guard lock(state_->mutex);
  return state_->connections;
}

bool ScriptedServer::wait_for_requests(std::size_t count) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, std::chrono::seconds(10),
                                  [&] { return state_->requests.size() >= count; });
}

bool ScriptedServer::wait_for_connections(unsigned count) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, std::chrono::seconds(10),
                                  [&] { return state_->connections >= count; });
}

bool ScriptedServer::wait_for_closed(unsigned count) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, std::chrono::seconds(10),
                                  [&] { return state_->closed >= count; });
}

}  // namespace holdfast::support
