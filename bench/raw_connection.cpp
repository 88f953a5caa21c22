#include "raw_connection.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <charconv>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/error.h"

namespace holdfast::bench {
namespace {

constexpr std::size_t kMostHead = 64 << 10;
constexpr std::size_t kBlock = 256 << 10;

std::optional<std::string> header(std::string_view head, std::string_view name) {
  std::string lower(head);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  std::size_t at = lower.find("\r\n" + std::string(name) + ":");
  if (at == std::string::npos) return std::nullopt;
  at += name.size() + 3;
  std::string value = lower.substr(at, lower.find("\r\n", at) - at);
  value.erase(0, value.find_first_not_of(' '));
  return value;
}

std::uint64_t number(std::string_view text, int base) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end == text.data()) throw Failed("load", "a length that is none");
  return value;
}

}  // namespace

void RawConnection::connect() {
  buffer_.clear();
  socket_ = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  if (::inet_pton(AF_INET, host_.c_str(), &address.sin_addr) != 1) {
    throw Failed("load", host_ + " is no IPv4 address");
  }
  if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw_errno(errno, "connect to " + host_ + ":" + std::to_string(port_));
  }
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void RawConnection::send(std::string_view head, std::string_view body) {
  while (!head.empty() || !body.empty()) {
    iovec pieces[2] = {{const_cast<char*>(head.data()), head.size()},
                       {const_cast<char*>(body.data()), body.size()}};
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = 2;
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0) throw_errno(errno, "send");
    const std::size_t of_head = std::min(head.size(), std::size_t(sent));
    head.remove_prefix(of_head);
    body.remove_prefix(std::size_t(sent) - of_head);
  }
}

bool RawConnection::fill() {
  char block[16 << 10];
  const ssize_t count = ::recv(socket_.get(), block, sizeof block, 0);
  if (count < 0) throw_errno(errno, "receive");
  buffer_.append(block, std::size_t(count));
  return count > 0;
}

std::size_t RawConnection::read_through(std::string_view end, std::size_t from) {
  for (;;) {
    const std::size_t at = buffer_.find(end, from);
    if (at != std::string::npos) return at + end.size();
    if (buffer_.size() - from > kMostHead || !fill()) {
      throw Failed("load", "the server ended the connection in an answer");
    }
  }
}

void RawConnection::skip(std::uint64_t size) {
  const std::size_t here = std::size_t(std::min<std::uint64_t>(size, buffer_.size()));
  buffer_.erase(0, here);
  size -= here;
  while (size > 0) {
    // MSG_TRUNC: TCP drops the bytes without copying them.
    const ssize_t count = ::recv(socket_.get(), nullptr, std::size_t(size), MSG_TRUNC);
    if (count < 0) throw_errno(errno, "receive");
    if (count == 0) throw Failed("load", "the server ended the connection in a body");
    size -= std::uint64_t(count);
  }
}

void RawConnection::take(std::uint64_t size, const Sink& sink) {
  if (!sink) return skip(size);
  const std::size_t here = std::size_t(std::min<std::uint64_t>(size, buffer_.size()));
  sink(std::string_view(buffer_).substr(0, here));
  buffer_.erase(0, here);
  block_.resize(kBlock);
  for (size -= here; size > 0;) {
    const auto want = std::size_t(std::min<std::uint64_t>(size, block_.size()));
    const ssize_t count = ::recv(socket_.get(), block_.data(), want, 0);
    if (count < 0) throw_errno(errno, "receive");
    if (count == 0) throw Failed("load", "the server ended the connection in a body");
    sink(std::string_view(block_).substr(0, std::size_t(count)));
    size -= std::uint64_t(count);
  }
}

void RawConnection::take_chunks(std::size_t at, const Sink& sink) {
  buffer_.erase(0, at);
  for (;;) {
    const std::size_t line = read_through("\r\n", 0);
    const std::uint64_t size = number(buffer_, 16);
    buffer_.erase(0, line);
    take(size, sink);
    skip(2);
    if (size == 0) return;
  }
}

unsigned RawConnection::exchange(std::string_view head, std::string_view body, bool answer_has_body,
                                 const Sink& sink) {
  if (!socket_) connect();
  try {
    send(head, body);
    std::size_t end = read_through("\r\n\r\n", 0);
    std::string answer = buffer_.substr(0, end);
    if (!answer.starts_with("HTTP/1.1 ")) throw Failed("load", "the answer is no HTTP");
    const unsigned status = unsigned(number(answer.substr(9, 3), 10));
    if (!answer_has_body || status == 204) {
      buffer_.erase(0, end);
    } else if (auto length = header(answer, "content-length")) {
      buffer_.erase(0, end);
      take(number(*length, 10), sink);
    } else {
      take_chunks(end, sink);
    }
    if (header(answer, "connection") == "close") socket_.close();
    return status;
  } catch (...) {
    socket_.close();
    throw;
  }
}

}  // namespace holdfast::bench
