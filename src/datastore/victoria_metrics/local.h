// The data folder on this machine: its locks, and the names in it that are ours.
#pragma once

#include <optional>

#include "base/file.h"
#include "datastore/local.h"

namespace holdfast::datastore::vm {

inline constexpr const char* kStagingName = ".holdfast-restore";

// datastore::lock_for_us with this store's advice.
FileLock lock_for_us(const fs::path& data_path);

// The server's own lock. nullopt: a server (or vmrestore) is running on this folder.
std::optional<FileLock> lock_for_server(const fs::path& data_path);

}  // namespace holdfast::datastore::vm
