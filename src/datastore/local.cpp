#include "datastore/local.h"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace holdfast::datastore {

namespace {

struct stat look_at(const fs::path& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) < 0) throw_errno(errno, "look at " + path.string());
  return info;
}

void give(const fs::path& path, const struct stat& owner) {
  struct stat info = look_at(path);
  if (info.st_uid == owner.st_uid && info.st_gid == owner.st_gid) return;
  if (::lchown(path.c_str(), owner.st_uid, owner.st_gid) < 0) {
    throw_errno(errno, "give " + path.string() + " to the owner of the data folder");
  }
}

}  // namespace

std::optional<FileLock> lock_in(const fs::path& data_path, const char* name) {
  auto lock = FileLock::try_lock(data_path / name);
  // Another user's run must be able to open it, too.
  if (lock && ::geteuid() == 0) give(data_path / name, look_at(data_path));
  return lock;
}

FileLock lock_for_us(const fs::path& data_path, const std::string& advice) {
  if (!fs::is_directory(data_path)) {
    throw Refused("use " + data_path.string(), "there is no such data folder", advice);
  }
  auto ours = lock_in(data_path, kLockName);
  if (!ours) {
    throw Refused("use " + data_path.string(), "another holdfast is working on this data folder",
                  "wait for its end");
  }
  return std::move(*ours);
}

void give_to_owner_of(const fs::path& tree, const fs::path& like) {
  if (::geteuid() != 0) return;
  const struct stat owner = look_at(like);
  give(tree, owner);
  for (const auto& entry : fs::recursive_directory_iterator(tree)) give(entry.path(), owner);
}

void give_one_to_owner_of(const fs::path& path, const fs::path& like) {
  if (::geteuid() == 0) give(path, look_at(like));
}

void sync_folders(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && !entry.is_symlink()) sync_folders(entry.path());
  }
  sync_folder(folder);
}

}  // namespace holdfast::datastore
