// A data folder of a store on this machine: our lock on it, and whose its files are.
#pragma once

#include <string>

#include "base/file.h"

namespace holdfast::datastore {

inline constexpr const char* kLockName = ".holdfast.lock";

// Held by every run that changes something beside the data. Refused when another holdfast holds it
// or when there is no such folder (`advice` says which setting to mend), AccessDenied when nothing
// may be written into it.
FileLock lock_for_us(const fs::path& data_path, const std::string& advice);

// A lock file that belongs to the folder's owner; nullopt when somebody else holds it.
std::optional<FileLock> lock_in(const fs::path& data_path, const char* name);

// Run by root, for a server that runs as somebody else: `tree` and all below it belong to the owner
// of `like` when it returns. Does nothing for other users.
void give_to_owner_of(const fs::path& tree, const fs::path& like);

// The same for `path` alone.
void give_one_to_owner_of(const fs::path& path, const fs::path& like);

// The names in `folder` and in all folders below it are on the disk when it returns.
void sync_folders(const fs::path& folder);

}  // namespace holdfast::datastore
