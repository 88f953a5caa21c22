#include "support/scripted_mail_server.h"

#include <mutex>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "support/loopback.h"

namespace holdfast::support {

struct ScriptedMailServer::State {
  Answers answers;
  std::function<void()> on_stall;
  Listener listener;
  mutable std::mutex mutex;
  std::string received, message;
  std::vector<std::string> envelope;
  int connection = -1;
  bool stopping = false;
  std::thread thread;

  void serve();
  void talk(int socket);
  // False when the conversation is over.
  bool answer(int socket, const std::string& verb, const std::string& usual);
  bool read_until(int socket, std::string& buffer, const std::string& end, std::string& out);
};

void ScriptedMailServer::State::serve() {
  while (true) {
    const int socket = ::accept4(listener.socket(), nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    {
      const std::lock_guard lock(mutex);
      connection = socket;
      if (stopping) ::shutdown(socket, SHUT_RDWR);
    }
    talk(socket);
    const std::lock_guard lock(mutex);
    connection = -1;
    ::close(socket);
  }
}

bool ScriptedMailServer::State::answer(int socket, const std::string& verb,
                                       const std::string& usual) {
  auto found = answers.find(verb);
  std::string text = found == answers.end() ? usual : found->second;
  if (text.empty()) return false;
  if (text == "stall") {
    on_stall();
    char byte;
    return ::recv(socket, &byte, 1, 0) > 0;  // until the peer goes
  }
  text += "\r\n";
  return ::send(socket, text.data(), text.size(), MSG_NOSIGNAL) == ssize_t(text.size());
}

bool ScriptedMailServer::State::read_until(int socket, std::string& buffer, const std::string& end,
                                           std::string& out) {
  std::size_t at;
  while ((at = buffer.find(end)) == std::string::npos) {
    char bytes[4096];
    const ssize_t count = ::recv(socket, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer.append(bytes, std::size_t(count));
  }
  out = buffer.substr(0, at + end.size());
  buffer.erase(0, at + end.size());
  const std::lock_guard lock(mutex);
  received += out;
  return true;
}

void ScriptedMailServer::State::talk(int socket) {
  std::string buffer, line;
  if (!answer(socket, "greeting", "220 scripted ESMTP")) return;
  while (read_until(socket, buffer, "\r\n", line)) {
    const std::string verb = line.substr(0, 4);
    if (verb == "MAIL" || verb == "RCPT") {
      const std::lock_guard lock(mutex);
      envelope.push_back(line.substr(0, line.find('>') + 1));
    }
    if (verb != "DATA") {
      if (!answer(socket, verb, verb == "QUIT" ? "221 bye" : "250 scripted")) return;
      continue;
    }
    if (!answer(socket, verb, "354 go on")) return;
    if (answers.contains("DATA")) continue;
    std::string text;
    if (!read_until(socket, buffer, "\r\n.\r\n", text)) return;
    {
      const std::lock_guard lock(mutex);
      message = text;
    }
    if (!answer(socket, ".", "250 taken")) return;
  }
}

ScriptedMailServer::ScriptedMailServer(Answers answers, std::function<void()> on_stall)
    : state_(std::make_unique<State>()) {
  state_->answers = std::move(answers);
  state_->on_stall = std::move(on_stall);
  state_->thread = std::thread([this] { state_->serve(); });
}

ScriptedMailServer::~ScriptedMailServer() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    if (state_->connection >= 0) ::shutdown(state_->connection, SHUT_RDWR);
  }
  ::shutdown(state_->listener.socket(), SHUT_RDWR);
  state_->thread.join();
}

std::uint16_t ScriptedMailServer::port() const { return state_->listener.port(); }

std::string ScriptedMailServer::received() const {
  const std::lock_guard lock(state_->mutex);
  return state_->received;
}

std::vector<std::string> ScriptedMailServer::envelope() const {
  const std::lock_guard lock(state_->mutex);
  return state_->envelope;
}

std::string ScriptedMailServer::message() const {
  const std::lock_guard lock(state_->mutex);
  return state_->message;
}

}  // namespace holdfast::support
