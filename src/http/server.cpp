#include "http/server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "http/server_core.h"

namespace holdfast::http {

namespace {

constexpr std::size_t kReadSize = 16 * 1024;
constexpr int kBacklog = 1024;
constexpr int kAcceptsARound = 256;
constexpr std::size_t kMostRefused =
    256;  // hearing their 503 at the same time; more are just closed
constexpr std::size_t kDescriptorsOfAWorker = 8;  // what a handler may hold open
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

std::string name_of(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(v4.sin_port));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return fmt::format("[{}]:{}", text, ntohs(v6.sin6_port));
}

struct AddressList {
  addrinfo* first = nullptr;
  ~AddressList() {
    if (first) ::freeaddrinfo(first);
  }
};

Descriptor listen_on(const addrinfo& address) {
  Descriptor out(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!out) return out;
  ::setsockopt(out.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(out.get(), address.ai_addr, address.ai_addrlen) != 0 ||
      ::listen(out.get(), kBacklog) != 0) {
    const int number = errno;
    out.close();
    errno = number;
  }
  return out;
}

// Most systems start a program with 1,024 descriptors and let it have many more.
void want_descriptors(const Context& context, std::size_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count) return;
  limit.rlim_cur = std::min<rlim_t>(count, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < count) {
    log::warning(context, fmt::format("at most {} open files are allowed, too few for every "
                                      "connection: raise the limit or lower the connections",
                                      limit.rlim_cur));
  }
}

}  // namespace

std::optional<std::string_view> ServerRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return std::nullopt;
}

Server::Impl::Impl(const Context& parent, ServerOptions server_options, Handler request_handler,
                   std::function<void(const AccessRecord&)> done)
    : context(parent.cancellable()),
      options(std::move(server_options)),
      handler(std::move(request_handler)),
      on_done(std::move(done)),
      poller(::epoll_create1(EPOLL_CLOEXEC)),
      waker(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      scratch(kReadSize),
      crowd{options.crowded_bytes_per_second, options.crowded_after},
      arming(options.max_workers + 1) {
  if (options.tls) identity.emplace(context, *options.tls);
  if (!poller || !waker) throw_errno(errno, "start the HTTP server");
  bind_address();
  want_descriptors(context, options.max_connections + options.max_workers * kDescriptorsOfAWorker);
  watch(waker.get(), &waker);
  watch(listener.get(), &listener);
}

void Server::Impl::bind_address() {
  const std::string what = fmt::format("listen on {}:{}", options.host, options.port);
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  AddressList list;
  const bool bracketed = options.host.starts_with('[') && options.host.ends_with(']');
  const std::string name =
      bracketed ? options.host.substr(1, options.host.size() - 2) : options.host;
  const char* host = name.empty() ? nullptr : name.c_str();
  if (int error = ::getaddrinfo(host, std::to_string(options.port).c_str(), &hints, &list.first)) {
    throw Failed(what, ::gai_strerror(error), "name an address of this machine");
  }
  for (const addrinfo* one = list.first; one && !listener; one = one->ai_next) {
    listener = listen_on(*one);
    if (!listener && errno == EADDRINUSE) break;
  }
  if (!listener && errno == EADDRINUSE) {
    throw Refused(what, "the address is in use", "stop what listens there or choose another port");
  }
  if (!listener) throw Failed(what, ::strerror(errno), "name an address of this machine");
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  bound_port =
      ntohs(bound.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(bound).sin_port
                                       : reinterpret_cast<const sockaddr_in6&>(bound).sin6_port);
}

void Server::Impl::watch(int descriptor, void* token) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = token;
  if (::epoll_ctl(poller.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
    throw_errno(errno, "start the HTTP server");
  }
}

void Server::Impl::accept_all() {
  for (int i = 0; i < kAcceptsARound && listener; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Descriptor accepted(::accept4(listener.get(), reinterpret_cast<sockaddr*>(&address), &size,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted) {
      accept_one(std::move(accepted), name_of(address));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return pause_accepting();
    }
    // Anything else is the trouble of one connection that went away before it was accepted.
  }
}

void Server::Impl::accept_one(Descriptor descriptor, std::string peer) {
  const int on = 1;
  ::setsockopt(descriptor.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::size_t count = open.fetch_add(1) + 1;
  if (count > options.max_connections + kMostRefused) {
    open.fetch_sub(1);
    return;
  }
  std::unique_ptr<TlsSession> session;
  if (identity) session = identity->open(descriptor.get());
  Connections& list = session ? greeting : idle;
  Connection* connection = nullptr;
  {
    std::lock_guard lock(mutex);
    if (!identity || session) {
      connection = &list.emplace_back(std::move(descriptor), std::move(session), std::move(peer));
      connection->list = &list;
      connection->self = std::prev(list.end());
      connection->deadline =
          context.clock().steady() + (identity ? options.head_timeout : options.idle_timeout);
    }
    if (!connection || !watch_new(*connection)) {
      if (connection) list.pop_back();
      open.fetch_sub(1);
      return;
    }
  }
  if (count > options.max_connections) refuse(*connection, 503, "too many connections");
}

bool Server::Impl::watch_new(Connection& connection) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLONESHOT;
  event.data.ptr = &connection;
  return ::epoll_ctl(poller.get(), EPOLL_CTL_ADD, connection.socket.descriptor(), &event) == 0;
}

// A full descriptor table would make the listener ready for ever: clients wait in the backlog
// meanwhile.
void Server::Impl::pause_accepting() {
  log::warning(context, "no descriptor left for a new connection: accepting pauses");
  epoll_event event{};
  event.data.ptr = &listener;
  ::epoll_ctl(poller.get(), EPOLL_CTL_MOD, listener.get(), &event);
  accepting_again = context.clock().steady() + kAcceptPause;
}

void Server::Impl::resume_accepting() {
  accepting_again.reset();
  if (!listener) return;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &listener;
  ::epoll_ctl(poller.get(), EPOLL_CTL_MOD, listener.get(), &event);
}

Server::Server(const Context& context, ServerOptions options, Handler handler,
               std::function<void(const AccessRecord&)> on_done)
    : impl_(std::make_unique<Impl>(context, std::move(options), std::move(handler),
                                   std::move(on_done))) {}

Server::~Server() = default;

std::uint16_t Server::port() const { return impl_->bound_port; }

void Server::run() { impl_->run(); }

void Server::stop(Duration grace) {
  impl_->stop_grace.store(std::max(Duration::zero(), grace).count());
  impl_->wake_loop();
}

void Server::request_stop() noexcept {
  impl_->stop_asked.store(true);
  impl_->wake_loop();
}

std::size_t Server::open_connections() const { return impl_->open.load(); }

std::uint64_t Server::failed_handshakes() const { return impl_->failed_handshakes.load(); }

std::size_t Server::queued_requests() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->queue.size();
}

std::uint64_t Server::parked() const { return impl_->parked; }

std::size_t Server::unfinished_bytes() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->unfinished;
}

}  // namespace holdfast::http
