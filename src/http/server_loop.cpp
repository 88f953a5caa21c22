// The epoll thread: parked connections, their deadlines, and the stop.
#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/log.h"
#include "http/server_core.h"

namespace holdfast::http {

namespace {

constexpr Duration kLingerTime = std::chrono::seconds(1);
constexpr Duration kLongestTick = std::chrono::milliseconds(500);
constexpr Duration kShortestTick = std::chrono::milliseconds(5);

}  // namespace

void Server::Impl::run() {
  std::array<epoll_event, 128> events;
  while (!stop_finished()) {
    const int wait = next_wait_ms(context.clock().steady());
    const int count = ::epoll_wait(poller.get(), events.data(), int(events.size()), wait);
    for (int i = 0; i < count; ++i) {
      void* token = events[std::size_t(i)].data.ptr;
      if (token == &listener) {
        accept_all();
      } else if (token == &waker) {
        std::uint64_t ignored;
        if (::read(waker.get(), &ignored, sizeof ignored) < 0) continue;
      } else {
        readable(*static_cast<Connection*>(token));
      }
    }
    const SteadyTime now = context.clock().steady();
    check_stop(now);
    expire(now);
  }
  join_workers();
}

void Server::Impl::readable(Connection& connection) {
  Connections* list = nullptr;
  {
    // Also what makes the last worker's writes to the connection visible here.
    std::lock_guard lock(mutex);
    list = connection.list;
  }
  if (list == &closing) return discard(connection);
  if (list == &greeting) return queue_request(connection);
  do {
    const Socket::Received received = connection.socket.receive_now(scratch);
    if (received.state == Socket::State::kGone) return close(connection);
    if (received.state == Socket::State::kNothingYet) break;
    connection.input.append({scratch.data(), received.count});
  } while (connection.socket.holds_bytes());
  const HeadState state = scan_head(connection.input.view(), connection.scan);
  if (state == HeadState::kMalformed) return refuse(connection, 400, "a malformed request");
  if (connection.scan.next > options.max_head_bytes) {
    return refuse(connection, 431, "the head of the request is too large");
  }
  if (state == HeadState::kComplete) return queue_request(connection);
  if (connection.input.empty()) return arm(connection);
  if (list == &idle) return park(connection, reading, options.head_timeout, nullptr);
  {
    std::lock_guard lock(mutex);
    count_locked(connection);
  }
  arm(connection);
}

// What a peer still sends after our last word is dropped until it ends its side too.
void Server::Impl::discard(Connection& connection) {
  if (connection.socket.drop_now(scratch) == Socket::State::kGone) return close(connection);
  arm(connection);
}

void Server::Impl::queue_request(Connection& connection) {
  std::condition_variable* taker = nullptr;
  {
    std::lock_guard lock(mutex);
    const auto may_wait = [&] {
      return queue.size() < options.max_queued_requests && !workers.empty();
    };
    const bool now = idle_workers > queue.size() || start_worker_locked();
    if (!now && is_urgent(connection) && start_lookout_locked()) {
      taker = &urgent_ready;
      urgent_queue.push_back(&connection);
    } else if (now || may_wait()) {
      taker = &work_ready;
      queue.push_back(&connection);
    }
    if (taker) {
      connection.request_start = context.clock().steady();
      move_locked(connection, busy);
    }
  }
  if (taker) {
    taker->notify_one();
  } else {
    refuse(connection, 503, "too many requests");
  }
}

void Server::Impl::refuse(Connection& connection, int status, std::string_view why) {
  note_refusal(connection, status, why);
  connection.socket.send_now(refusal_text(status, why, date));
  linger(connection, nullptr);
}

void Server::Impl::note_refusal(const Connection& connection, int status,
                                std::string_view why) const {
  if (!on_done) return;
  const std::string_view bytes = connection.input.view();
  RequestLine line = peek_request_line(bytes.substr(std::min(connection.scan.begin, bytes.size())));
  ServerRequest request;
  request.method = std::move(line.method);
  request.target = std::move(line.target);
  request.peer = connection.peer;
  on_done({.request = request, .status = status, .refusal = why});
}

std::string Server::Impl::refusal_text(int status, std::string_view why,
                                       DateLine& date_line) const {
  const auto plain = [&] {
    ServerResponse response;
    response.status = status;
    const bool overloaded = status == 503;
    response.headers = {{"Content-Type", overloaded ? options.overloaded_type : "text/plain"}};
    response.text = overloaded ? options.overloaded_body : std::string(why) + "\n";
    return closing_reply(response, context.clock(), date_line);
  };
  if (!options.refusal || status == 503) return plain();
  try {
    ServerResponse response = options.refusal(status, why);
    response.status = status;
    return closing_reply(response, context.clock(), date_line);
  } catch (const std::exception& error) {
    log::error(context, std::string("making an error response failed: ") + error.what());
    return plain();
  }
}

void Server::Impl::move_locked(Connection& connection, Connections& list,
                               std::optional<Duration> timeout) {
  if (timeout) connection.deadline = context.clock().steady() + *timeout;
  // Nearly always the end: only who comes back with its old deadline has some behind it.
  auto place = list.end();
  while (!timeout && &list != &busy && place != list.begin() &&
         std::prev(place)->deadline > connection.deadline) {
    --place;
  }
  list.splice(place, *connection.list, connection.self);
  connection.list = &list;
  count_locked(connection);
}

void Server::Impl::count_locked(Connection& connection) {
  const std::size_t now = connection.list == &reading ? connection.input.memory() : 0;
  unfinished += now - std::exchange(connection.counted, now);
}

void Server::Impl::arm(Connection& connection) { arm(connection, connection.socket.wanted()); }

void Server::Impl::arm(Connection& connection, short wanted) {
  epoll_event event{};
  event.events = (wanted == POLLOUT ? EPOLLOUT : EPOLLIN) | EPOLLONESHOT;
  event.data.ptr = &connection;
  ::epoll_ctl(poller.get(), EPOLL_CTL_MOD, connection.socket.descriptor(), &event);
}

void Server::Impl::park(Connection& connection, Connections& list, std::optional<Duration> timeout,
                        Worker* worker) {
  short wanted = 0;
  {
    std::lock_guard lock(mutex);
    if (worker) worker->arming.store(&connection);
    move_locked(connection, list, timeout);
    wanted = connection.socket.wanted();
    if (worker && unfinished > options.max_unfinished_bytes) wake_loop();
  }
  // Once armed it may be another worker's.
  arm(connection, wanted);
  if (worker) worker->arming.store(nullptr);
}

bool Server::Impl::being_armed(const Connection& connection) const {
  return std::any_of(arming.begin(), arming.end(),
                     [&](const auto& armed) { return armed.load() == &connection; });
}

void Server::Impl::linger(Connection& connection, Worker* worker) {
  connection.socket.finish_sending();
  connection.input.release();
  park(connection, closing, kLingerTime, worker);
}

void Server::Impl::close(Connection& connection) {
  // epoll may report a connection before the call that armed it has returned.
  while (being_armed(connection)) std::this_thread::yield();
  Connections gone;
  {
    std::lock_guard lock(mutex);
    gone.splice(gone.end(), *connection.list, connection.self);
    unfinished -= connection.counted;
    if (stopping) wake_loop();
  }
  open.fetch_sub(1);
}

void Server::Impl::wake_loop() noexcept {
  const int saved = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(waker.get(), &one, sizeof one);
  errno = saved;
}

void Server::Impl::expire(SteadyTime now) {
  if (accepting_again && now >= *accepting_again) resume_accepting();
  expire_list(greeting, now);
  expire_list(idle, now);
  expire_list(reading, now);
  expire_list(closing, now);
  shed_heads();
  make_room(now);
}

void Server::Impl::shed_heads() {
  while (true) {
    Connection* oldest = nullptr;
    {
      std::lock_guard lock(mutex);
      if (unfinished <= options.max_unfinished_bytes || reading.empty()) return;
      oldest = &reading.front();
      if (being_armed(*oldest)) return wake_loop();
    }
    refuse(*oldest, 503, "too many unfinished requests");
  }
}

// Seldom: who gives way needs a moment before its worker takes the next request.
void Server::Impl::make_room(SteadyTime now) {
  if (now < next_room) return;
  next_room = now + options.crowded_after / 8;
  std::lock_guard lock(mutex);
  std::size_t late = 0;
  for (const Connection* waiting : queue) {
    if (now - waiting->request_start < options.crowded_after) break;
    ++late;
  }
  crowd.wanted.store(late);
}

// Each list has one timeout, so that the first is always the next to expire.
void Server::Impl::expire_list(Connections& list, SteadyTime now) {
  while (true) {
    Connection* late = nullptr;
    {
      std::lock_guard lock(mutex);
      if (list.empty() || list.front().deadline > now || being_armed(list.front())) return;
      late = &list.front();
    }
    if (&list == &greeting) ++failed_handshakes;
    if (&list == &reading) {
      refuse(*late, 408, "the head of the request took too long");
    } else {
      close(*late);
    }
  }
}

// Workers park connections without a word to this thread: while there are any, it looks often
// enough.
int Server::Impl::next_wait_ms(SteadyTime now) const {
  if (open == 0 && !stopping && !accepting_again) return -1;
  Duration wait = std::min({options.head_timeout, options.idle_timeout, kLingerTime}) / 8;
  if (stop_deadline && !cut) wait = std::min(wait, *stop_deadline - now);
  if (accepting_again) wait = std::min(wait, *accepting_again - now);
  wait = std::clamp(wait, kShortestTick, kLongestTick);
  return int(std::chrono::ceil<std::chrono::milliseconds>(wait).count());
}

void Server::Impl::check_stop(SteadyTime now) {
  std::optional<Duration> grace;
  if (stop_asked.exchange(false)) grace = options.stop_grace;
  if (const std::int64_t asked = stop_grace.exchange(-1); asked >= 0) grace = Duration(asked);
  if (grace && (!stop_deadline || now + *grace < *stop_deadline)) stop_deadline = now + *grace;
  if (!stop_deadline) return;
  if (!stopping) {
    stopping = true;
    listener.close();
  }
  Connections gone;
  {
    std::lock_guard lock(mutex);
    take_parked_locked(greeting, gone);
    take_parked_locked(idle, gone);
    take_parked_locked(reading, gone);
    if (now >= *stop_deadline) take_parked_locked(closing, gone);
    for (Connection& connection : busy) {
      if (connection.awaited) connection.socket.cut();
    }
  }
  open.fetch_sub(gone.size());
  if (now < *stop_deadline || cut) return;
  cut = true;
  context.cancel();
  std::lock_guard lock(mutex);
  for (Connection& connection : busy) connection.socket.cut();
}

void Server::Impl::take_parked_locked(Connections& from, Connections& into) {
  for (auto it = from.begin(); it != from.end();) {
    const auto connection = it++;
    if (being_armed(*connection)) continue;
    unfinished -= std::exchange(connection->counted, 0);
    into.splice(into.end(), from, connection);
  }
}

bool Server::Impl::stop_finished() {
  if (!stop_deadline) return false;
  std::lock_guard lock(mutex);
  return greeting.empty() && idle.empty() && reading.empty() && busy.empty() && closing.empty();
}

void Server::Impl::join_workers() {
  {
    std::lock_guard lock(mutex);
    ending = true;
  }
  work_ready.notify_all();
  urgent_ready.notify_all();
  for (const pthread_t worker : workers) ::pthread_join(worker, nullptr);
  if (lookout) ::pthread_join(*lookout, nullptr);
  workers.clear();
}

Server::Impl::~Impl() = default;

}  // namespace holdfast::http
