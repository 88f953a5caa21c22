// The body of one request, as HTTP frames it.
#pragma once

#include <exception>

#include "base/stream.h"
#include "http/server_head.h"
#include "http/server_socket.h"

namespace holdfast::http {

// Borrows the connection's socket and input for the time of one request. Bytes of a body go
// straight into the reader's span; only chunk heads pass through the input.
class RequestBody final : public Source {
 public:
  RequestBody(const RequestHead& head, Socket& socket, Input& input, Pace pace);

  // Errors as ServerRequest::body names them; after one, each further read throws the same again.
  std::size_t read(std::span<char> into) override;
  // Known with Content-Length only.
  std::optional<std::uint64_t> size() const override;

  bool finished() const { return state_ == State::kFinished; }
  bool failed() const { return failure_ != nullptr; }
  // Bytes of the body handed out.
  std::uint64_t delivered() const { return delivered_; }
  // Whether reading the rest is cheaper than losing the connection: it is not large, and the peer
  // does not wait for a word of ours before sending it.
  bool worth_draining() const;
  // Reads and drops up to `limit` bytes without waiting for the peer; whether the end was reached.
  bool drain(std::size_t limit);

 private:
  enum class State { kPlain, kChunkHead, kChunkData, kChunkEnd, kTrailer, kFinished };

  std::size_t read_checked(std::span<char> into);
  std::size_t read_plain(std::span<char> into);
  std::size_t read_chunked(std::span<char> into);
  // What comes next, from the input or else from the peer.
  std::size_t take(std::span<char> into);
  // Waits for the peer; throws kIncompleteBody at the end of the connection.
  std::size_t receive(std::span<char> into);
  std::string take_line(std::size_t limit);
  void start_chunk();
  void allow_sending();

  Socket& socket_;
  Input& input_;
  Pace pace_;
  State state_;
  bool must_allow_;  // the peer waits for "100 Continue"
  std::exception_ptr failure_;
  bool waits_ = true;   // false while draining
  std::uint64_t left_;  // of the body, or of the chunk
  std::uint64_t delivered_ = 0;
  std::size_t trailer_bytes_ = 0;
};

}  // namespace holdfast::http
