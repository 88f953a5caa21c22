// A server on 127.0.0.1 that answers exactly the bytes a test gives it and records exactly the
// bytes it was sent. It can be slow to answer for ever, cut the connection anywhere, and talk
// nonsense.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::support {

struct RecordedRequest {
  std::string head;  // as received, up to and with the empty line
  std::string body;
  unsigned connection = 0;  // from 1, in the order of their accepting

  std::string first_line() const;
  // The value of that header (name in any case); empty when it is not there.
  std::string header(std::string_view name) const;
  bool has_header(std::string_view name) const;
};

struct ScriptedReply {
  enum class Then {
    kKeep,   // wait for the next request
    kClose,  // end the connection in an orderly way
    kReset,  // end it with a TCP reset
    kStall,  // keep it open and say nothing more
  };
  std::string bytes;
  Then then = Then::kKeep;
  bool read_body = true;       // false: answer as soon as the head is there
  bool send_continue = false;  // "100 Continue" before the body is read
};

// A whole reply with Content-Length. Headers are sent as given.
ScriptedReply reply(int status, std::string_view body = "",
                    const std::vector<std::pair<std::string, std::string>>& headers = {});

class ScriptedServer {
 public:
  using Script = std::function<ScriptedReply(const RecordedRequest&)>;

  // Answers the requests in the order of `replies`, over all connections; further ones with 599.
  explicit ScriptedServer(std::deque<ScriptedReply> replies);
  // Answers what `script` says; it is called by one thread at a time.
  explicit ScriptedServer(Script script);
  // Cuts all connections.
  ~ScriptedServer();

  std::uint16_t port() const;
  std::string url() const;    // http://127.0.0.1:PORT
  std::string place() const;  // 127.0.0.1:PORT
  std::vector<RecordedRequest> requests() const;
  RecordedRequest request(std::size_t index) const;  // throws std::out_of_range
  unsigned connections() const;
  // Waits until so many requests, or connections, have come; false after ten seconds.
  bool wait_for_requests(std::size_t count) const;
  bool wait_for_connections(unsigned count) const;
  // Waits until the peer has closed so many connections; false after ten seconds.
  bool wait_for_closed(unsigned count) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace holdfast::support
