#include "http/server_socket.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "base/error.h"
#include "http/server.h"

namespace holdfast::http {

namespace {

// Bounds one sendfile call, so that progress is seen by Pace and a cut takes hold.
constexpr std::uint64_t kMostAtOnce = 4 << 20;

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

}  // namespace

void Pace::wait(int descriptor, short events) {
  const Duration left = std::max(Duration::zero(), stall_ - std::max(idle_, stretch_));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec limit{seconds.count(), (left - seconds).count()};
  pollfd entry{descriptor, events, 0};
  const SteadyTime before = clock_.steady();
  const int ready = ::ppoll(&entry, 1, &limit, nullptr);
  const Duration waited = std::max(clock_.steady() - before, ready == 0 ? left : Duration::zero());
  idle_ += waited;
  stretch_ += waited;
  if (ready > 0 && (entry.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return;
  if (idle_ >= stall_ && ready == 0) {
    throw DeadlineExceeded::with_code(kRequestTimeout, "transfer of a body",
                                      "no byte moved for too long");
  }
  if (stretch_ < stall_) return;
  const double seconds_waited = std::chrono::duration<double>(stretch_).count();
  if (double(bytes_) < double(bytes_per_second_) * seconds_waited) {
    throw DeadlineExceeded::with_code(kRequestTimeout, "transfer of a body",
                                      "slower than the least allowed rate");
  }
  stretch_ = Duration::zero();
  bytes_ = 0;
}

void Pace::moved(std::size_t count) {
  bytes_ += count;
  idle_ = Duration::zero();
}

Socket::Received Socket::receive_now(std::span<char> into) {
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
      pace.wait(descriptor_.get(), POLLIN);
      continue;
    }
    pace.moved(received.count);
    return received.count;
  }
}

void Socket::send(std::span<iovec> pieces, Pace& pace, bool more) {
  skip_sent(pieces, 0);
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

void Socket::send(std::string_view bytes, Pace& pace, bool more) {
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  send(std::span(&piece, 1), pace, more);
}

void Socket::send_file(FileRegion region, Pace& pace, std::uint64_t& sent) {
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

void Socket::send_now(std::string_view bytes) {
  [[maybe_unused]] const ssize_t ignored =
      ::send(descriptor_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Socket::finish_sending() { ::shutdown(descriptor_.get(), SHUT_WR); }

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
