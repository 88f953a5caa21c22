// A worker: takes a connection whose head is complete, serves it for as long as requests are there,
// and parks it.
#include <fmt/format.h>
#include <signal.h>

#include "base/error.h"
#include "base/log.h"
#include "http/server_body.h"
#include "http/server_core.h"

namespace holdfast::http {

namespace {

constexpr std::size_t kStackBytes = 512 * 1024;
constexpr std::size_t kMostDrained = 256 * 1024;
constexpr unsigned kUnhurried = 16;  // requests of a client that took longer than await_next

}  // namespace

// False when there are enough workers, or no thread could be had.
bool Server::Impl::start_worker_locked() {
  if (workers.size() >= options.max_workers) return false;
  const auto thread = start_thread(&Impl::worker_main, this);
  if (thread) workers.push_back(*thread);
  return thread.has_value();
}

std::optional<pthread_t> Server::Impl::start_thread(void* (*main)(void*), Impl* server) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStackBytes);
  // sendfile() to a peer that is gone raises SIGPIPE and has no flag against it.
  sigset_t blocked, before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  pthread_t thread;
  const int error = ::pthread_create(&thread, &attributes, main, server);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  if (error != 0) return std::nullopt;
  return thread;
}

bool Server::Impl::start_lookout_locked() {
  if (!lookout) lookout = start_thread(&Impl::lookout_main, this);
  return lookout.has_value() && urgent_queue.size() < options.max_queued_requests;
}

void* Server::Impl::lookout_main(void* server) {
  static_cast<Impl*>(server)->keep_lookout();
  return nullptr;
}

void Server::Impl::keep_lookout() {
  std::unique_lock lock(mutex);
  Worker worker{arming[options.max_workers], false};
  while (true) {
    while (urgent_queue.empty() && !ending) urgent_ready.wait(lock);
    if (urgent_queue.empty()) return;
    Connection& connection = *urgent_queue.front();
    urgent_queue.pop_front();
    lock.unlock();
    serve_urgent(connection, worker);
    lock.lock();
  }
}

bool Server::Impl::is_urgent(const Connection& connection) const {
  if (!options.urgent) return false;
  if (connection.socket.greeting()) return true;
  const std::string_view bytes = connection.input.view();
  return options.urgent(
      peek_request_line(bytes.substr(std::min(connection.scan.begin, bytes.size()))).target);
}

void Server::Impl::serve_urgent(Connection& connection, Worker& worker) {
  if (connection.socket.greeting()) {
    if (!greet(connection, worker) || !next_head(connection, worker)) return;
    connection.request_start = context.clock().steady();
  }
  while (is_urgent(connection)) {
    if (!serve_one(connection, worker) || !next_head(connection, worker)) return;
    connection.request_start = context.clock().steady();
  }
  {
    std::lock_guard lock(mutex);
    queue.push_back(&connection);
  }
  work_ready.notify_one();
}

void* Server::Impl::worker_main(void* server) {
  static_cast<Impl*>(server)->work();
  return nullptr;
}

void Server::Impl::work() {
  std::unique_lock lock(mutex);
  Worker worker{arming[started_workers++], true};
  while (true) {
    while (queue.empty() && !ending) {
      ++idle_workers;
      work_ready.wait(lock);
      --idle_workers;
    }
    if (queue.empty()) return;
    Connection& connection = *queue.front();
    queue.pop_front();
    lock.unlock();
    serve(connection, worker);
    lock.lock();
  }
}

void Server::Impl::serve(Connection& connection, Worker& worker) {
  if (connection.socket.greeting()) {
    if (!greet(connection, worker) || !next_head(connection, worker)) return;
    connection.request_start = context.clock().steady();
  }
  while (serve_one(connection, worker) && next_head(connection, worker)) {
    connection.request_start = context.clock().steady();
    std::lock_guard lock(mutex);
    if (queue.empty()) continue;
    // Others wait: a client that never pauses gets its turn after them.
    queue.push_back(&connection);
    return;
  }
}

bool Server::Impl::greet(Connection& connection, Worker& worker) {
  switch (connection.socket.greet_now()) {
    case Socket::State::kData:
      return true;
    case Socket::State::kNothingYet:
      if (stopping) {
        close(connection);
      } else {
        park(connection, greeting, std::nullopt, &worker);
      }
      return false;
    case Socket::State::kGone:
      break;
  }
  ++failed_handshakes;
  if (connection.socket.met_plain_http()) {
    refuse_from_worker(connection, 400, "this port speaks TLS", worker);
  } else {
    linger(connection, &worker);
  }
  return false;
}

bool Server::Impl::next_head(Connection& connection, Worker& worker) {
  while (true) {
    const HeadState state = scan_head(connection.input.view(), connection.scan);
    if (state == HeadState::kMalformed) {
      refuse_from_worker(connection, 400, "a malformed request", worker);
      return false;
    }
    if (connection.scan.next > options.max_head_bytes) {
      refuse_from_worker(connection, 431, "the head of the request is too large", worker);
      return false;
    }
    if (state == HeadState::kComplete) return true;
    const bool begun = !connection.input.empty();
    if (!begun && !connection.socket.holds_bytes() && !await_next(connection, worker)) {
      wait_for_more(connection, worker);
      return false;
    }
    const Socket::Received received = connection.socket.receive_now(worker.buffer);
    if (received.state == Socket::State::kNothingYet) {
      wait_for_more(connection, worker);
      return false;
    }
    if (received.state == Socket::State::kGone) {
      close(connection);
      return false;
    }
    connection.input.append({worker.buffer.data(), received.count});
  }
}

// A stop that begins meanwhile cuts the connection, or is seen here.
bool Server::Impl::await_next(Connection& connection, const Worker& worker) {
  const bool pauses = connection.unhurried > 0;
  if (pauses) --connection.unhurried;
  if (pauses || !worker.awaits || options.await_next.count() <= 0) return true;
  {
    std::lock_guard lock(mutex);
    if (stopping || !queue.empty() || awaiting_workers >= options.max_workers / 4) return true;
    ++awaiting_workers;
    connection.awaited = true;
  }
  const bool came = connection.socket.await(options.await_next);
  if (!came) connection.unhurried = kUnhurried;
  std::lock_guard lock(mutex);
  --awaiting_workers;
  connection.awaited = false;
  return came;
}

// A stop that begins meanwhile finds the connection in its list, or is seen here.
void Server::Impl::wait_for_more(Connection& connection, Worker& worker) {
  ++parked;
  if (stopping) return close(connection);
  if (!connection.input.empty()) return park(connection, reading, options.head_timeout, &worker);
  connection.input.release();
  park(connection, idle, options.idle_timeout, &worker);
}

bool Server::Impl::serve_one(Connection& connection, Worker& worker) {
  const std::string_view bytes = connection.input.view();
  const HeadScan& scan = connection.scan;
  auto parsed = parse_head(bytes.substr(scan.begin, scan.next - scan.begin));
  if (const auto* refusal = std::get_if<HeadRefusal>(&parsed)) {
    refuse_from_worker(connection, refusal->status, refusal->why, worker);
    return false;
  }
  connection.input.consume(scan.next);
  connection.scan = HeadScan();
  auto& head = std::get<RequestHead>(parsed);
  ServerRequest request;
  request.method = std::move(head.method);
  request.target = std::move(head.target);
  request.headers = std::move(head.headers);
  request.peer = connection.peer;
  request.tls = options.tls.has_value();
  request.keep_alive = head.keep_alive;
  request.content_length = head.content_length;
  return answer(connection, head, request, worker);
}

bool Server::Impl::answer(Connection& connection, const RequestHead& head, ServerRequest& request,
                          Worker& worker) {
  const Clock& clock = context.clock();
  const Pace pace(clock, options.body_stall_timeout, options.min_body_bytes_per_second, &crowd);
  RequestBody body(head, connection.socket, connection.input, pace);
  request.body = &body;
  ServerResponse response = run_handler(request);
  const bool reusable = body.finished() || body.worth_draining();
  Reply reply(connection.socket, pace, clock, worker.date,
              {.head_request = request.method == "HEAD",
               .minor_version = head.minor_version,
               .keep_alive = head.keep_alive && reusable && !stopping});
  bool complete = false;
  int status = response.status;
  const int label = response.label;
  try {
    reply.send(response);
    complete = true;
  } catch (const Error& error) {
    if (error.code() != kClientGone && error.code() != kRequestTimeout) {
      log::error(context, fmt::format("the answer to {} failed: {}", request.peer, error.what()));
    }
  } catch (const std::exception& error) {
    log::error(context, fmt::format("the answer to {} failed: {}", request.peer, error.what()));
  }
  if (!reply.started()) status = 500;
  const std::uint64_t sent = reply.sent();
  response = ServerResponse();
  if (on_done) {
    on_done({request, status, body.delivered(), sent, clock.steady() - connection.request_start,
             complete, label});
  }
  if (!reply.started()) {
    give_up(connection, status, "the answer could not be made", worker);
    return false;
  }
  if (!complete) {
    connection.socket.reset_on_close();
    close(connection);
    return false;
  }
  if (reply.keep_alive() && body.drain(kMostDrained)) return true;
  linger(connection, &worker);
  return false;
}

ServerResponse Server::Impl::run_handler(ServerRequest& request) const {
  int status = 500;
  std::string why = "the server failed";
  try {
    return handler(context, request);
  } catch (const Error& error) {
    if (error.code() == kRequestTimeout) status = 408;
    if (error.code() == kIncompleteBody || error.code() == kMalformedChunk) status = 400;
    if (status == 500) log::error(context, error.to_string());
    if (status != 500) why = error.reason();
  } catch (const std::exception& error) {
    log::error(context, fmt::format("a request failed: {}", error.what()));
  }
  ServerResponse response;
  if (options.refusal) response = options.refusal(status, why);
  if (!options.refusal) response.text = why + "\n";
  response.status = status;
  response.close = true;
  return response;
}

void Server::Impl::refuse_from_worker(Connection& connection, int status, std::string_view why,
                                      Worker& worker) {
  note_refusal(connection, status, why);
  give_up(connection, status, why, worker);
}

void Server::Impl::give_up(Connection& connection, int status, std::string_view why,
                           Worker& worker) {
  connection.socket.send_now(refusal_text(status, why, worker.date));
  linger(connection, &worker);
}

}  // namespace holdfast::http
