#include "job/scratch.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"

namespace holdfast::job {

namespace {

constexpr std::string_view kLock = ".lock";

std::string prefix_of(const std::string& store) { return "holdfast-drill-" + store + "-"; }

// Anybody can put a name into a shared temporary folder: only a real folder of ours is removed.
bool is_own_folder(const fs::path& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid();
}

}  // namespace

Scratch::Scratch(const fs::path& parent, const std::string& store)
    : path_(parent / (prefix_of(store) + random_hex(8))), lock_path_(path_.string() + ".lock") {
  // The lock first: a folder without one is a dead drill's.
  lock_ = FileLock::try_lock(lock_path_);
  if (::mkdir(path_.c_str(), S_IRWXU) < 0) {
    const int error = errno;
    remove_tree(lock_path_);
    throw_errno(error, "make folder " + path_.string(), "choose another place by TMPDIR");
  }
}

Scratch::~Scratch() {
  try {
    remove_tree(path_);
    remove_tree(lock_path_);
  } catch (const std::exception&) {
    // The next drill tries again.
  }
}

std::vector<fs::path> remove_dead_scratches(const fs::path& parent, const std::string& store) {
  std::vector<fs::path> removed;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix_of(store)) || name.ends_with(kLock)) continue;
    if (!is_own_folder(entry.path())) continue;
    const fs::path lock_path = entry.path().string() + std::string(kLock);
    try {
      auto lock = FileLock::try_lock(lock_path);
      if (!lock) continue;
      remove_tree(entry.path());
      remove_tree(lock_path);
      removed.push_back(entry.path());
    } catch (const Error&) {
      // What cannot be removed is no reason not to drill.
    }
  }
  return removed;
}

}  // namespace holdfast::job
