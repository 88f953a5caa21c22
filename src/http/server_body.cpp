#include "http/server_body.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/error.h"
#include "http/server.h"

namespace holdfast::http {

namespace {

constexpr std::size_t kLongestChunkHead = 1024;  // extensions included
constexpr std::size_t kLongestTrailer = 8 * 1024;
constexpr std::uint64_t kLargestDrain = 64 * 1024;

// Thrown, and caught in this file only, where draining would have to wait.
struct WouldWait {};

[[noreturn]] void throw_malformed(std::string why) {
  throw InvalidArgument::with_code(kMalformedChunk, "request body", std::move(why));
}

}  // namespace

RequestBody::RequestBody(const RequestHead& head, Socket& socket, Input& input, Pace pace)
    : socket_(socket),
      input_(input),
      pace_(pace),
      state_(head.chunked                           ? State::kChunkHead
             : head.content_length.value_or(0) == 0 ? State::kFinished
                                                    : State::kPlain),
      must_allow_(head.expect_continue),
      left_(head.content_length.value_or(0)) {}

std::size_t RequestBody::read(std::span<char> into) {
  if (failure_) std::rethrow_exception(failure_);
  if (into.empty() || finished()) return 0;
  try {
    const std::size_t count = read_checked(into);
    delivered_ += count;
    return count;
  } catch (const Error&) {
    failure_ = std::current_exception();
    throw;
  }
}

std::optional<std::uint64_t> RequestBody::size() const {
  if (state_ == State::kFinished) return 0;
  if (state_ == State::kPlain) return left_;
  return std::nullopt;
}

bool RequestBody::worth_draining() const {
  return !failure_ && !must_allow_ && (state_ != State::kPlain || left_ <= kLargestDrain);
}

bool RequestBody::drain(std::size_t limit) {
  if (finished()) return true;
  if (!worth_draining()) return false;
  waits_ = false;
  try {
    char dropped[8192];
    for (std::size_t total = 0; total < limit && !finished();) total += read(dropped);
  } catch (const WouldWait&) {
    return false;
  } catch (const Error&) {
    return false;
  }
  return finished();
}

std::size_t RequestBody::read_checked(std::span<char> into) {
  if (must_allow_ && input_.empty()) allow_sending();
  must_allow_ = false;
  return state_ == State::kPlain ? read_plain(into) : read_chunked(into);
}

void RequestBody::allow_sending() {
  try {
    socket_.send("HTTP/1.1 100 Continue\r\n\r\n", pace_);
  } catch (const Unavailable&) {
    throw InvalidArgument::with_code(kIncompleteBody, "request body", "the client went away");
  }
}

std::size_t RequestBody::read_plain(std::span<char> into) {
  const auto most = std::size_t(std::min<std::uint64_t>(into.size(), left_));
  const std::size_t count = take(into.first(most));
  left_ -= count;
  if (left_ == 0) state_ = State::kFinished;
  return count;
}

std::size_t RequestBody::read_chunked(std::span<char> into) {
  while (true) {
    switch (state_) {
      case State::kChunkHead:
        start_chunk();
        break;
      case State::kChunkData: {
        const auto most = std::size_t(std::min<std::uint64_t>(into.size(), left_));
        const std::size_t count = take(into.first(most));
        left_ -= count;
        if (left_ == 0) state_ = State::kChunkEnd;
        return count;
      }
      case State::kChunkEnd:
        if (!take_line(0).empty()) throw_malformed("a chunk longer than its size");
        state_ = State::kChunkHead;
        break;
      case State::kTrailer: {
        const std::string line = take_line(kLongestTrailer - trailer_bytes_);
        trailer_bytes_ += line.size();
        if (line.empty()) state_ = State::kFinished;
        break;
      }
      case State::kPlain:
      case State::kFinished:
        return 0;
    }
  }
}

std::size_t RequestBody::take(std::span<char> into) {
  if (!input_.empty()) {
    const std::string_view there = input_.view().substr(0, into.size());
    std::memcpy(into.data(), there.data(), there.size());
    input_.consume(there.size());
    return there.size();
  }
  return receive(into);
}

std::size_t RequestBody::receive(std::span<char> into) {
  std::size_t count = 0;
  if (waits_) {
    count = socket_.receive(into, pace_);
  } else {
    const Socket::Received received = socket_.receive_now(into);
    if (received.state == Socket::State::kNothingYet) throw WouldWait();
    count = received.count;
  }
  if (count == 0) {
    throw InvalidArgument::with_code(kIncompleteBody, "request body",
                                     "the connection ended before the body did");
  }
  return count;
}

std::string RequestBody::take_line(std::size_t limit) {
  std::size_t searched = 0;
  while (true) {
    const std::string_view there = input_.view();
    const std::size_t end = there.find('\n', searched);
    const std::size_t length = end == std::string_view::npos ? there.size() : end;
    if (length > limit + 1) throw_malformed("a line of the chunked coding is too long");
    if (end != std::string_view::npos) {
      if (end == 0 || there[end - 1] != '\r') throw_malformed("a line end that is not CR LF");
      std::string line(there.substr(0, end - 1));
      input_.consume(end + 1);
      return line;
    }
    searched = there.size();
    char more[4096];
    input_.append({more, receive(more)});
  }
}

void RequestBody::start_chunk() {
  const std::string line = take_line(kLongestChunkHead);
  const auto digits = std::string_view(line).substr(0, line.find(';'));
  auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  if (error != std::errc() || rest != digits.data() + digits.size() || digits.size() > 15) {
    throw_malformed("a chunk size that is no number");
  }
  const std::string_view extension = std::string_view(line).substr(digits.size());
  for (const char c : extension) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) {
      throw_malformed("a control character in a chunk head");
    }
  }
  state_ = left_ == 0 ? State::kTrailer : State::kChunkData;
}

}  // namespace holdfast::http
