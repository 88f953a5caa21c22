#include "base/process.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace holdfast {

namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Field 22 of /proc/PID/stat; 0 when there is no such process. The name in field 2 may hold
// anything, so fields are counted from its last closing bracket.
std::uint64_t start_of(std::int64_t pid) {
  std::string stat = first_line("/proc/" + std::to_string(pid) + "/stat");
  std::size_t bracket = stat.rfind(')');
  if (bracket == std::string::npos) return 0;
  std::istringstream fields(stat.substr(bracket + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) {
    if (!(fields >> field)) return 0;
    if (i == 3 && field == "Z") return 0;  // a zombie runs no code
  }
  std::uint64_t start = 0;
  std::from_chars(field.data(), field.data() + field.size(), start);
  return start;
}

}  // namespace

ProcessIdentity this_process() {
  ProcessIdentity self;
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) == 0) self.host = host;
  self.boot_id = first_line("/proc/sys/kernel/random/boot_id");
  std::error_code ignored;
  self.pid_namespace = std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
  self.pid = ::getpid();
  self.start = start_of(self.pid);
  return self;
}

Liveness liveness(const ProcessIdentity& process) {
  ProcessIdentity self = this_process();
  if (self.boot_id.empty() || self.pid_namespace.empty() || process.start == 0)
    return Liveness::kUnknown;
  if (process.boot_id != self.boot_id || process.pid_namespace != self.pid_namespace) {
    return Liveness::kUnknown;
  }
  return start_of(process.pid) == process.start ? Liveness::kAlive : Liveness::kDead;
}

}  // namespace holdfast
