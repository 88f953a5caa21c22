#include "http/server_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "base/error.h"
#include "http/server.h"
#include "http/server_tls.h"

namespace holdfast::http {

namespace {

// Bounds one sendfile call, so that progress is seen by Pace and a cut takes hold.
constexpr std::uint64_t kMostAtOnce = 4 << 20;
constexpr std::size_t kMostOfRecord = 16 * 1024;  // what one record of TLS holds
constexpr std::size_t kFileBuffer = 64 * 1024;

[[noreturn]] void throw_gone() {
  throw Unavailable::with_code(kClientGone, "send response", "the client went away");
}

void skip_sent(std::span<iovec>& pieces, std::size_t count) {
  while (!pieces.empty() && count >= pieces.front().iov_len) {
    count -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (pieces.empty()) return;
  pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + count;
  pieces.front().iov_len -= count;
}

// What to send next: the first piece, or as many short ones as fit into `joined`, so that a head
// and a small body are one record.
std::string_view next_of(std::span<iovec> pieces, std::span<char> joined) {
  const iovec& first = pieces.front();
  if (pieces.size() == 1 || first.iov_len >= joined.size()) {
    return {static_cast<const char*>(first.iov_base),
            std::min<std::size_t>(first.iov_len, kMostAtOnce)};
  }
  std::size_t count = 0;
  for (const iovec& piece : pieces) {
    const std::size_t fits = std::min(piece.iov_len, joined.size() - count);
    if (fits > 0) std::memcpy(joined.data() + count, piece.iov_base, fits);
    count += fits;
  }
  return {joined.data(), count};
}

}  // namespace

bool Crowd::take() {
  std::size_t left = wanted.load();
  while (left > 0) {
    if (wanted.compare_exchange_weak(left, left - 1)) return true;
  }
  return false;
}

bool Pace::slower_than(std::uint64_t bytes_per_second) const {
  const double seconds = std::chrono::duration<double>(stretch_).count();
  return double(bytes_) < double(bytes_per_second) * seconds;
}

void Pace::check() const {
  const auto fail = [](const char* why) {
    throw DeadlineExceeded::with_code(kRequestTimeout, "transfer of a body", why);
  };
  if (stretch_ >= stall_ && slower_than(bytes_per_second_)) {
    fail("slower than the least allowed rate");
  }
  if (crowd_ && stretch_ >= crowd_->after && slower_than(crowd_->bytes_per_second) &&
      crowd_->take()) {
    fail("too slow while others wait to be served");
  }
}

void Pace::wait(int descriptor, short events) {
  while (true) {
    const Duration left = std::max(Duration::zero(), stall_ - std::max(idle_, stretch_));
    const Duration look = crowd_ ? std::min(left, crowd_->after / 8) : left;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(look);
    const timespec limit{seconds.count(), (look - seconds).count()};
    pollfd entry{descriptor, events, 0};
    const SteadyTime before = clock_.steady();
    const int ready = ::ppoll(&entry, 1, &limit, nullptr);
    const Duration waited =
        std::max(clock_.steady() - before, ready == 0 ? look : Duration::zero());
    idle_ += waited;
    stretch_ += waited;
    if (ready > 0 && (entry.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return;
    if (idle_ >= stall_ && ready == 0) {
      throw DeadlineExceeded::with_code(kRequestTimeout, "transfer of a body",
                                        "no byte moved for too long");
    }
    check();
    if (stretch_ >= stall_) {
      stretch_ = Duration::zero();
      bytes_ = 0;
    }
    if (ready != 0 || look == left) return;
  }
}

void Pace::moved(std::size_t count) {
  bytes_ += count;
  idle_ = Duration::zero();
}

Socket::Socket(Descriptor descriptor) : Socket(std::move(descriptor), nullptr) {}

Socket::Socket(Descriptor descriptor, std::unique_ptr<TlsSession> session)
    : descriptor_(std::move(descriptor)), session_(std::move(session)) {}

Socket::~Socket() = default;

bool Socket::greeting() const { return session_ && !session_->greeted(); }

bool Socket::met_plain_http() const { return session_ && session_->met_plain_http(); }

bool Socket::holds_bytes() const { return session_ && session_->holds_bytes(); }

Socket::State Socket::greet_now() {
  const TlsSession::State state = session_->greet();
  wanted_ = state == TlsSession::State::kWaitWrite ? POLLOUT : POLLIN;
  if (state == TlsSession::State::kDone) return State::kData;
  return state == TlsSession::State::kGone ? State::kGone : State::kNothingYet;
}

Socket::Received Socket::receive_now(std::span<char> into) {
  return session_ ? receive_sealed(into) : receive_plain(into);
}

bool Socket::await(std::chrono::milliseconds time) const {
  pollfd wanted{descriptor_.get(), POLLIN, 0};
  return ::poll(&wanted, 1, int(time.count())) > 0;
}

Socket::State Socket::drop_now(std::span<char> into) { return receive_plain(into).state; }

Socket::Received Socket::receive_sealed(std::span<char> into) {
  const TlsSession::Moved moved = session_->read(into);
  wanted_ = moved.state == TlsSession::State::kWaitWrite ? POLLOUT : POLLIN;
  if (moved.state == TlsSession::State::kDone) return {State::kData, moved.count};
  return {moved.state == TlsSession::State::kGone ? State::kGone : State::kNothingYet, 0};
}

Socket::Received Socket::receive_plain(std::span<char> into) {
  while (true) {
    const ssize_t count = ::recv(descriptor_.get(), into.data(), into.size(), MSG_DONTWAIT);
    if (count > 0) return {State::kData, std::size_t(count)};
    if (count == 0) return {State::kGone, 0};
    if (errno == EINTR) continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? State::kNothingYet : State::kGone, 0};
  }
}

std::size_t Socket::receive(std::span<char> into, Pace& pace) {
  while (true) {
    const Received received = receive_now(into);
    if (received.state == State::kNothingYet) {
      pace.wait(descriptor_.get(), wanted_);
      continue;
    }
    pace.moved(received.count);
    return received.count;
  }
}

void Socket::send(std::span<iovec> pieces, Pace& pace, bool more) {
  skip_sent(pieces, 0);
  if (session_) return send_sealed(pieces, pace);
  while (!pieces.empty()) {
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0);
    const ssize_t count = ::sendmsg(descriptor_.get(), &message, flags);
    if (count >= 0) {
      pace.moved(std::size_t(count));
      skip_sent(pieces, std::size_t(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pace.wait(descriptor_.get(), POLLOUT);
    } else if (errno != EINTR) {
      throw_gone();
    }
  }
}

void Socket::send_sealed(std::span<iovec> pieces, Pace& pace) {
  char joined[kMostOfRecord];
  while (!pieces.empty()) {
    // The same bytes again after a wait, as the session wants it.
    const TlsSession::Moved moved = session_->write(next_of(pieces, joined));
    if (moved.state == TlsSession::State::kGone) throw_gone();
    if (moved.state == TlsSession::State::kDone) {
      pace.moved(moved.count);
      skip_sent(pieces, moved.count);
    } else {
      pace.wait(descriptor_.get(), moved.state == TlsSession::State::kWaitRead ? POLLIN : POLLOUT);
    }
  }
}

void Socket::send(std::string_view bytes, Pace& pace, bool more) {
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  send(std::span(&piece, 1), pace, more);
}

void Socket::send_file(FileRegion region, Pace& pace, std::uint64_t& sent) {
  if (session_) return send_file_sealed(region, pace, sent);
  off_t offset = off_t(region.offset);
  const off_t end = off_t(region.offset + region.length);
  while (offset < end) {
    const auto most =
        std::size_t(std::min<std::uint64_t>(std::uint64_t(end - offset), kMostAtOnce));
    const ssize_t count = ::sendfile(descriptor_.get(), region.descriptor, &offset, most);
    if (count > 0) {
      pace.moved(std::size_t(count));
      sent += std::uint64_t(count);
    } else if (count == 0) {
      throw Corrupt("send response", "the file is shorter than it was");
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pace.wait(descriptor_.get(), POLLOUT);
    } else if (errno == EIO) {
      throw_errno(errno, "send response");
    } else if (errno != EINTR) {
      throw_gone();
    }
  }
}

void Socket::send_file_sealed(FileRegion region, Pace& pace, std::uint64_t& sent) {
  const auto memory = std::make_unique_for_overwrite<char[]>(kFileBuffer);
  FileSource file(region, "the response's file");
  while (const std::size_t count = file.read({memory.get(), kFileBuffer})) {
    send({memory.get(), count}, pace);
    sent += count;
  }
}

void Socket::send_now(std::string_view bytes) {
  if (session_ && !session_->met_plain_http()) {
    if (session_->greeted()) session_->write(bytes);
    return;
  }
  [[maybe_unused]] const ssize_t ignored =
      ::send(descriptor_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Socket::finish_sending() {
  if (session_) session_->say_goodbye();
  wanted_ = POLLIN;
  ::shutdown(descriptor_.get(), SHUT_WR);
}

void Socket::reset_on_close() {
  const linger at_once{1, 0};
  ::setsockopt(descriptor_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void Socket::cut() { ::shutdown(descriptor_.get(), SHUT_RDWR); }

void Input::append(std::string_view more) {
  if (position_ > 0) bytes_.erase(0, std::exchange(position_, 0));
  bytes_.append(more);
}

void Input::consume(std::size_t count) {
  position_ += count;
  if (empty()) bytes_.clear(), position_ = 0;
}

}  // namespace holdfast::http
