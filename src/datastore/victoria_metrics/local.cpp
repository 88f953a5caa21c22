#include "datastore/victoria_metrics/local.h"

namespace holdfast::datastore::vm {

FileLock lock_for_us(const fs::path& data_path) {
  return datastore::lock_for_us(data_path, "set dataPath to the server's -storageDataPath");
}

std::optional<FileLock> lock_for_server(const fs::path& data_path) {
  return lock_in(data_path, "flock.lock");
}

}  // namespace holdfast::datastore::vm
