#include "datastore/victoria_metrics/scratch_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "http/client.h"

namespace holdfast::datastore::vm {

namespace {

constexpr auto kPoll = std::chrono::milliseconds(50);
constexpr auto kPatience = std::chrono::seconds(20);  // for a server that was told to stop
constexpr std::uint64_t kLongestLog = 64 << 20;
constexpr int kAttempts = 3;
constexpr int kNoProgram = 127;

// A port that was free a moment ago; somebody may take it before the server does.
int free_port() {
  Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) throw_errno(errno, "open a socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(probe.get(), generic, length) < 0 ||
      ::getsockname(probe.get(), generic, &length) < 0) {
    throw_errno(errno, "find a free port");
  }
  return ntohs(address.sin_port);
}

// Only calls that are safe between fork and exec in a process with threads.
[[noreturn]] void become(const char* program, char* const* arguments, int log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execvp(program, arguments);
  ::_exit(kNoProgram);
}

pid_t start(const std::string& program, std::vector<std::string> arguments, const fs::path& log) {
  Descriptor file(::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) throw_errno(errno, "open " + log.string());
  arguments.insert(arguments.begin(), program);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_t parent = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) throw_errno(errno, "start " + program);
  if (pid == 0) become(program.c_str(), pointers.data(), file.get(), parent);
  return pid;
}

}  // namespace

ScratchServer::ScratchServer(const Context& context, const std::string& program,
                             const fs::path& data)
    : context_(context), log_(data / ("holdfast-server-" + random_hex(4) + ".log")) {
  for (int attempt = 1;; ++attempt) {
    port_ = free_port();
    pid_ = start(
        program,
        {"-storageDataPath=" + data.string(), fmt::format("-httpListenAddr=127.0.0.1:{}", port_),
         "-retentionPeriod=100y", "-loggerLevel=ERROR", "-selfScrapeInterval=0"},
        log_);
    try {
      if (wait_until_ready(context)) return;
    } catch (...) {
      stop(Duration(0));
      throw;
    }
    std::string words = last_words();
    if (attempt < kAttempts && words.find("address already in use") != std::string::npos) continue;
    throw Corrupt("start a server on the restored data", words,
                  "the backup restores to data that the server does not accept");
  }
}

// False when the server ended by itself.
bool ScratchServer::wait_until_ready(const Context& context) {
  http::Client client;
  while (true) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      if (WIFEXITED(status) && WEXITSTATUS(status) == kNoProgram) {
        throw NotFound("start a server on the restored data", "its program is not in PATH",
                       "install victoria-metrics beside holdfast");
      }
      return false;
    }
    try {
      http::Request request;
      request.url = url() + "/health";
      auto answer = client.send(context, request);
      if (answer->status() == 200) return true;
    } catch (const Unavailable&) {
    }
    context.sleep(kPoll, "wait for the server on the restored data");
  }
}

std::string ScratchServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

std::string ScratchServer::last_words() const {
  std::string text = read_file(log_, kLongestLog);
  if (text.size() > 300) text.erase(0, text.size() - 300);
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return text.empty() ? "the server ended at once" : "the server ended: " + text;
}

void ScratchServer::stop(Duration patience) {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  Context waiting = Context::with_clock(context_.clock()).with_timeout(patience);
  bool ended = false;
  try {
    while (!(ended = ::waitpid(pid_, nullptr, WNOHANG) != 0)) {
      waiting.sleep(kPoll, "wait for the server to stop");
    }
  } catch (const Error&) {
    ::kill(pid_, SIGKILL);
  }
  if (!ended) ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

ScratchServer::~ScratchServer() { stop(kPatience); }

}  // namespace holdfast::datastore::vm
