// What the threads of a Server share. The epoll thread (run(), in server.cpp) owns every parked
// connection, a worker (server_worker.cpp) the one that it serves; `mutex` guards the lists, the
// queue and the hand-over.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"
#include "http/server_head.h"
#include "http/server_reply.h"
#include "http/server_socket.h"
#include "http/server_tls.h"

namespace holdfast::http {

// Lives in exactly one list of Server::Impl, moved by splicing, so that a parked one costs no more
// than this.
struct Connection {
  Connection(Descriptor descriptor, std::unique_ptr<TlsSession> session, std::string peer_name)
      : socket(std::move(descriptor), std::move(session)), peer(std::move(peer_name)) {}

  Socket socket;
  Input input;
  HeadScan scan;
  const std::string peer;
  SteadyTime deadline;       // of its list
  SteadyTime request_start;  // when the head was complete
  std::size_t counted = 0;   // of its input, in Impl::unfinished
  unsigned unhurried = 0;    // requests after which nobody waits for another one at once
  bool awaited = false;      // its worker waits for the next request; with the mutex
  std::list<Connection>* list = nullptr;
  std::list<Connection>::iterator self;
};

using Connections = std::list<Connection>;

// What a worker keeps from request to request.
struct Worker {
  // The connection that it is arming in epoll, which is done without the mutex: arming wakes the
  // epoll thread, which would then wait for the mutex, and everybody else after it. While it stands
  // here the connection may be in a list and even be reported already, but must not be closed.
  std::atomic<const Connection*>& arming;
  const bool awaits;  // next requests; not the one that has to be free for what is urgent
  DateLine date = {};
  std::vector<char> buffer = std::vector<char>(16 * 1024);
};

struct Server::Impl {
  Impl(const Context& parent, ServerOptions server_options, Handler request_handler,
       std::function<void(const AccessRecord&)> done);
  ~Impl();

  // --- the epoll thread, server.cpp
  void bind_address();
  void watch(int descriptor, void* token);
  void run();
  void accept_all();
  void accept_one(Descriptor descriptor, std::string peer);
  bool watch_new(Connection& connection);
  void pause_accepting();
  void resume_accepting();
  void readable(Connection& connection);
  void discard(Connection& connection);
  void queue_request(Connection& connection);
  void refuse(Connection& connection, int status, std::string_view why);
  void expire(SteadyTime now);
  // Refuses the oldest unfinished heads while all of them take too much memory.
  void shed_heads();
  // Lets slow bodies give way to the requests that have waited for a worker for long.
  void make_room(SteadyTime now);
  void expire_list(Connections& list, SteadyTime now);
  int next_wait_ms(SteadyTime now) const;
  void check_stop(SteadyTime now);
  // All but those whose arming is under way: they are taken by the next call.
  void take_parked_locked(Connections& from, Connections& into);
  bool stop_finished();
  void join_workers();

  // --- any thread; those marked "locked" want the mutex held
  void move_locked(Connection& connection, Connections& list,
                   std::optional<Duration> timeout = std::nullopt);
  // How much memory the head that it waits for takes; nothing when it waits for none.
  void count_locked(Connection& connection);
  void arm(Connection& connection);
  void arm(Connection& connection, short wanted);
  // Gives the connection to the epoll thread; a null worker is that thread itself. Without a
  // timeout it keeps the deadline that it has.
  void park(Connection& connection, Connections& list, std::optional<Duration> timeout,
            Worker* worker);
  bool being_armed(const Connection& connection) const;
  // Says goodbye in order: ends our side and waits a little for the peer's end, so that the last
  // answer is not lost to a reset.
  void linger(Connection& connection, Worker* worker);
  void close(Connection& connection);
  void wake_loop() noexcept;
  // Tells on_done of a request that no handler sees.
  void note_refusal(const Connection& connection, int status, std::string_view why) const;
  // A whole response that ends the connection. Never throws for what the hook does.
  std::string refusal_text(int status, std::string_view why, DateLine& date_line) const;

  // --- workers, server_worker.cpp
  bool start_worker_locked();
  static std::optional<pthread_t> start_thread(void* (*main)(void*), Impl* server);
  static void* worker_main(void* server);
  void work();
  // The worker that is kept for what is urgent; it also finishes handshakes, since nobody knows yet
  // what comes behind them. What turns out to be ordinary waits for an ordinary worker.
  bool start_lookout_locked();
  static void* lookout_main(void* server);
  void keep_lookout();
  void serve_urgent(Connection& connection, Worker& worker);
  bool is_urgent(const Connection& connection) const;
  void serve(Connection& connection, Worker& worker);
  // Whether the handshake is done; if not, the connection is no longer the caller's.
  bool greet(Connection& connection, Worker& worker);
  // Whether a complete head is in the input; if not, the connection is no longer the caller's.
  bool next_head(Connection& connection, Worker& worker);
  void wait_for_more(Connection& connection, Worker& worker);
  // Waits a moment for a client that is about to ask again; false when it did not.
  bool await_next(Connection& connection, const Worker& worker);
  // Whether the connection can serve another request; if not, it is no longer the caller's.
  bool serve_one(Connection& connection, Worker& worker);
  bool answer(Connection& connection, const RequestHead& head, ServerRequest& request,
              Worker& worker);
  ServerResponse run_handler(ServerRequest& request) const;
  void refuse_from_worker(Connection& connection, int status, std::string_view why, Worker& worker);
  // The same for a request that a handler saw and on_done knows of.
  void give_up(Connection& connection, int status, std::string_view why, Worker& worker);

  const Context context;
  const ServerOptions options;
  const Handler handler;
  const std::function<void(const AccessRecord&)> on_done;
  Descriptor listener, poller, waker;
  std::optional<TlsIdentity> identity;  // the epoll thread's; none: plain HTTP
  std::uint16_t bound_port = 0;
  DateLine date;                              // the epoll thread's
  std::vector<char> scratch;                  // the epoll thread's
  std::optional<SteadyTime> accepting_again;  // set while accepting pauses for want of descriptors

  SteadyTime next_room{};  // when to look again who must give way
  Crowd crowd;
  std::atomic<std::size_t> open{0};
  std::atomic<std::uint64_t> failed_handshakes{0}, parked{0};
  std::atomic<bool> stop_asked{false};       // by request_stop()
  std::atomic<std::int64_t> stop_grace{-1};  // by stop(); nanoseconds
  std::atomic<bool> stopping{false};
  std::optional<SteadyTime> stop_deadline;
  bool cut = false;  // the grace is over

  std::mutex mutex;
  std::condition_variable work_ready, urgent_ready;
  std::size_t unfinished = 0;  // bytes of the inputs in `reading`
  // Waiting for a step of the handshake, for a first byte, for the rest of a head, for a worker's
  // end, for the peer's end.
  Connections greeting, idle, reading, busy, closing;
  std::deque<Connection*> queue, urgent_queue;
  std::vector<pthread_t> workers;
  std::optional<pthread_t> lookout;
  std::vector<std::atomic<const Connection*>> arming;  // one a worker, the last one the lookout's
  std::size_t started_workers = 0;
  std::size_t idle_workers = 0;
  std::size_t awaiting_workers = 0;
  bool ending = false;
};

}  // namespace holdfast::http
