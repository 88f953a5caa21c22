#include "base/child.h"

#include <cerrno>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/operation.h"

namespace holdfast {

namespace {

constexpr auto kPoll = std::chrono::milliseconds(20);
constexpr auto kPatience = std::chrono::seconds(5);
constexpr std::size_t kMostOutput = 64 << 10;

struct Pipe {
  Descriptor read, write;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) throw_errno(errno, "make a pipe");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Everything that the child needs, made before the fork: behind it only calls that are safe in a
// process with threads.
struct Prepared {
  std::vector<std::string> texts;
  std::vector<char*> arguments, environment;
  const char* folder = nullptr;
  int output = -1;
};

Prepared prepare(const ChildOptions& options) {
  Prepared out;
  out.output = options.output;
  if (!options.folder.empty()) out.folder = options.folder.c_str();
  for (char** entry = environ; *entry; ++entry) {
    std::string_view text(*entry);
    const std::string name(text.substr(0, text.find('=')));
    if (!options.environment.contains(name)) out.texts.emplace_back(text);
  }
  for (const auto& [name, value] : options.environment) out.texts.push_back(name + "=" + value);
  const std::size_t first = out.texts.size();
  for (const std::string& argument : options.arguments) out.texts.push_back(argument);
  for (std::size_t i = 0; i < out.texts.size(); ++i) {
    (i < first ? out.environment : out.arguments).push_back(out.texts[i].data());
  }
  out.environment.push_back(nullptr);
  out.arguments.push_back(nullptr);
  return out;
}

[[noreturn]] void become(const Prepared& prepared, int report, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  const int nothing = ::open("/dev/null", O_RDWR);
  const int output = prepared.output >= 0 ? prepared.output : nothing;
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (!prepared.folder || ::chdir(prepared.folder) == 0) {
    ::execvpe(prepared.arguments.front(), prepared.arguments.data(), prepared.environment.data());
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(report, &error, sizeof error);
  ::_exit(127);
}

// Keeps the last bytes of what is in the pipe now.
void drain(int descriptor, std::string& output) {
  char buffer[4096];
  while (true) {
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count <= 0) break;
    output.append(buffer, std::size_t(count));
    if (output.size() > 2 * kMostOutput) output.erase(0, output.size() - kMostOutput);
  }
}

}  // namespace

Child::Child(const ChildOptions& options) : ends_with_group_(options.ends_with_group) {
  if (options.arguments.empty()) throw InvalidArgument("start a program", "none is named");
  const std::string what = "start " + options.arguments.front();
  Operation operation("child.start", options.arguments.front());
  const Prepared prepared = prepare(options);
  Pipe report = make_pipe();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw_errno(errno, what);
  if (pid_ == 0) become(prepared, report.write.get(), parent);
  ::setpgid(pid_, pid_);  // whoever is first; both are needed
  report.write.close();
  int error = 0;
  ssize_t count = 0;
  do {
    count = ::read(report.read.get(), &error, sizeof error);
  } while (count < 0 && errno == EINTR);
  if (count != sizeof error) return;  // closed by the program's start
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  throw_errno(error, what, "check the command's name, its folder and PATH");
}

Child::~Child() {
  if (pid_ <= 0) return;
  if (status_ && !(ends_with_group_ && group_lives())) return;
  ::kill(-pid_, SIGKILL);
  if (!status_) ::waitpid(pid_, nullptr, 0);
}

// Of a leader that was waited for. While one of them lives, the number is nobody else's. The dead
// count until somebody waits for them: where this process is the first one of a container, it is
// us.
bool Child::group_lives() const {
  while (::waitpid(-pid_, nullptr, WNOHANG) > 0) {
  }
  return ::kill(-pid_, 0) == 0 || errno == EPERM;
}

std::optional<int> Child::poll() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  if (status_ && ends_with_group_ && group_lives()) return std::nullopt;
  return status_;
}

void Child::stop(Clock& clock, Duration patience) {
  if (poll()) return;
  ::kill(-pid_, SIGTERM);
  const Context waiting = Context::with_clock(clock).with_timeout(patience);
  try {
    while (!poll() || group_lives()) waiting.sleep(kPoll, "wait for a program to end");
  } catch (const Error&) {
    ::kill(-pid_, SIGKILL);
    int status = 0;
    if (!status_) ::waitpid(pid_, &status, 0);
    status_ = 128 + SIGKILL;
  }
}

CommandResult run_command(const Context& context, ChildOptions options) {
  Pipe pipe = make_pipe();
  // Only this end: the program must not see a full pipe as an error.
  if (::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) < 0) throw_errno(errno, "set up a pipe");
  options.output = pipe.write.get();
  CommandResult result;
  Child child(options);
  pipe.write.close();
  try {
    while (!child.poll()) {
      drain(pipe.read.get(), result.output);
      context.sleep(kPoll, "run " + options.arguments.front());
    }
  } catch (const Error&) {
    child.stop(context.clock(), kPatience);
    throw;
  }
  drain(pipe.read.get(), result.output);
  if (result.output.size() > kMostOutput) {
    result.output.erase(0, result.output.size() - kMostOutput);
  }
  result.status = *child.poll();
  return result;
}

}  // namespace holdfast
