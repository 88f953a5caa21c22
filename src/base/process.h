// Who this process is, in a way that another process on the same machine can check.
#pragma once

#include <cstdint>
#include <string>

namespace holdfast {

struct ProcessIdentity {
  std::string host;
  std::string boot_id;        // of this boot of this machine
  std::string pid_namespace;  // pids mean something only inside one
  std::int64_t pid = 0;
  std::uint64_t start = 0;  // ticks after boot; tells a reused pid apart
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

ProcessIdentity this_process();

enum class Liveness { kAlive, kDead, kUnknown };
// kUnknown when it ran on another machine, boot or pid namespace.
Liveness liveness(const ProcessIdentity& process);

}  // namespace holdfast
