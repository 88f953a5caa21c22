#include "datastore/stackgraph/workspace.h"

#include <cerrno>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "datastore/local.h"

namespace holdfast::datastore::sg {

namespace {

// Its name is known to everybody, and the system's temporary folder is open to everybody.
void make_private_folder(const fs::path& path, const std::string& advice) {
  if (::mkdir(path.c_str(), 0700) < 0 && errno != EEXIST) {
    throw_errno(errno, "make the folder " + path.string(), advice);
  }
  struct stat info{};
  if (::lstat(path.c_str(), &info) < 0) throw_errno(errno, "look at " + path.string());
  if (!S_ISDIR(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 077) != 0) {
    throw Refused("use " + path.string(), "others may write there or read it", advice);
  }
}

}  // namespace

fs::path temporary_parent(const fs::path& configured, const std::string& advice) {
  if (!configured.empty()) return configured;
  std::error_code error;
  fs::path system = fs::temp_directory_path(error);
  if (error) throw_errno(error.value(), "use the system's temporary folder (TMPDIR)", advice);
  return system;
}

Workspace::Workspace(const fs::path& parent, const std::string& store)
    : advice_("set holdfast." + store + ".temporaryFolder to a folder of your own"),
      path_(temporary_parent(parent, advice_) / fmt::format("holdfast-{}-{}", store, ::geteuid())) {
  make_private_folder(path_, advice_);
  lock_ = lock_in(path_, kLockName);
  if (!lock_) {
    throw Refused("use " + path_.string(), "another run is at work there", "wait for its end");
  }
  clear();
}

Workspace::~Workspace() {
  try {
    clear();
  } catch (const std::exception&) {
    // The next run does it.
  }
}

void Workspace::require_space(std::uint64_t bytes, const std::string& what) const {
  const std::uint64_t free = free_space(path_);
  if (free >= bytes) return;
  throw NoSpace(
      what, fmt::format("{} bytes are free in {}, and it needs {}", free, path_.string(), bytes),
      advice_);
}

void Workspace::clear() const {
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (entry.path().filename() != kLockName) remove_tree(entry.path());
  }
}

}  // namespace holdfast::datastore::sg
