#include "base/operation.h"

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <signal.h>
#include <string>
#include <unistd.h>

#include "base/error.h"

namespace holdfast {

namespace {

// `KIND[:NTH]` or `NUMBER`.
struct Point {
  std::string kind;
  long number = 0;  // of all operations when kind is empty, else of that kind
};

class Plan {
 public:
  Plan() {
    if (const char* path = std::getenv("HOLDFAST_TRACE_OPERATIONS")) {
      trace_ = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    }
    if (const char* text = std::getenv("HOLDFAST_KILL_AT")) {
      std::string_view point = text;
      std::size_t colon = point.rfind(':');
      kill_after_ = point.substr(colon + 1) == "after";
      kill_ = parse(point.substr(0, colon));
      has_kill_ = true;
    }
    if (const char* text = std::getenv("HOLDFAST_FAIL_AT")) {
      std::string_view point = text;
      std::size_t equals = point.rfind('=');
      if (equals != std::string_view::npos) fail_kind_ = point.substr(equals + 1);
      fail_ = parse(point.substr(0, equals));
      has_fail_ = true;
    }
    active = trace_ >= 0 || has_kill_ || has_fail_;
  }

  // Returns whether to kill when the operation is over.
  bool begin(std::string_view kind, std::string_view subject) {
    std::unique_lock lock(mutex_);
    long all = ++count_;
    long own = ++count_of_[std::string(kind)];
    if (trace_ >= 0) {
      std::string line = fmt::format("{} {} {}\n", all, kind, subject);
      if (::write(trace_, line.data(), line.size()) < 0) trace_ = -1;
    }
    if (has_kill_ && hit(kill_, kind, all, own)) {
      if (kill_after_) return true;
      ::kill(::getpid(), SIGKILL);
    }
    if (has_fail_ && hit(fail_, kind, all, own)) {
      lock.unlock();
      fail(kind, subject);
    }
    return false;
  }

  bool active = false;

 private:
  static Point parse(std::string_view text) {
    Point point;
    auto number_of = [](std::string_view digits, long& out) {
      auto end = digits.data() + digits.size();
      return std::from_chars(digits.data(), end, out).ptr == end && !digits.empty();
    };
    if (number_of(text, point.number)) return point;
    point.number = 1;
    std::size_t colon = text.rfind(':');
    if (colon != std::string_view::npos && number_of(text.substr(colon + 1), point.number)) {
      text = text.substr(0, colon);
    }
    point.kind = text;
    return point;
  }

  static bool hit(const Point& point, std::string_view kind, long all, long own) {
    return point.kind.empty() ? point.number == all : point.kind == kind && point.number == own;
  }

  [[noreturn]] void fail(std::string_view kind, std::string_view subject) const {
    for (int i = 0; i <= int(ErrorKind::kFailed); ++i) {
      if (name_of(ErrorKind(i)) == fail_kind_) {
        throw_error(ErrorKind(i), fmt::format("{} {}", kind, subject), "made to fail by a test");
      }
    }
    throw Failed(fmt::format("{} {}", kind, subject), "made to fail by a test");
  }

  std::mutex mutex_;
  int trace_ = -1;
  bool has_kill_ = false, has_fail_ = false, kill_after_ = false;
  Point kill_, fail_;
  std::string fail_kind_;
  long count_ = 0;
  std::map<std::string, long> count_of_;
};

Plan& plan() {
  static Plan instance;
  return instance;
}

}  // namespace

Operation::Operation(std::string_view kind, std::string_view subject) {
  if (plan().active) kill_after_ = plan().begin(kind, subject);
}

Operation::~Operation() {
  if (kill_after_) ::kill(::getpid(), SIGKILL);
}

}  // namespace holdfast
