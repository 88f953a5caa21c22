// A small SMTP server on 127.0.0.1 without TLS, for what a real one does not do when asked: it
// answers as it should, but for the verbs a test names.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::support {

class ScriptedMailServer {
 public:
  // Another answer by verb: "greeting", "EHLO", "MAIL", "RCPT", "DATA", "." (the message's end). An
  // empty one closes the connection; "stall" says nothing more, and calls `on_stall`.
  using Answers = std::map<std::string, std::string>;
  explicit ScriptedMailServer(Answers answers, std::function<void()> on_stall = nullptr);
  // Cuts its connection.
  ~ScriptedMailServer();

  std::uint16_t port() const;
  // Of all sessions so far.
  std::string received() const;
  std::vector<std::string> envelope() const;  // the MAIL and RCPT lines, without parameters
  std::string message() const;                // of the last DATA, as sent

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::support
