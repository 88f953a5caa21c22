#include "datastore/victoria_metrics/local.h"

#include <cerrno>
#include <unistd.h>

#include "base/error.h"
#include "base/operation.h"

namespace holdfast::datastore::vm {

FileLock lock_for_us(const fs::path& data_path) {
  if (!fs::is_directory(data_path)) {
    throw Refused("use " + data_path.string(), "there is no such data folder",
                  "set dataPath to the server's -storageDataPath");
  }
  auto lock = FileLock::try_lock(data_path / ".holdfast.lock");
  if (!lock) {
    throw Refused("use " + data_path.string(), "another holdfast is working on this data folder",
                  "wait for its end");
  }
  return std::move(*lock);
}

std::optional<FileLock> lock_for_server(const fs::path& data_path) {
  return FileLock::try_lock(data_path / "flock.lock");
}

void sync_file_system(const fs::path& path) {
  Operation operation("vm.sync", path.native());
  Descriptor folder = open_folder(path);
  if (::syncfs(folder.get()) < 0) throw_errno(errno, "sync " + path.string());
}

}  // namespace holdfast::datastore::vm
