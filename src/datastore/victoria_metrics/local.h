// The data folder on this machine: its locks, and the names in it that are ours.
#pragma once

#include <optional>

#include "base/file.h"

namespace holdfast::datastore::vm {

inline constexpr const char* kStagingName = ".holdfast-restore";

// Held by every run that changes something beside the data. Refused when another holdfast holds it,
// NotFound when there is no such folder, AccessDenied when nothing may be written into it.
FileLock lock_for_us(const fs::path& data_path);

// The server's own lock. nullopt: a server (or vmrestore) is running on this folder.
std::optional<FileLock> lock_for_server(const fs::path& data_path);

// Run by root, for a server that runs as somebody else: `tree` and all below it belong to the owner
// of `like` when it returns. Does nothing for other users.
void give_to_owner_of(const fs::path& tree, const fs::path& like);

// The same for `path` alone.
void give_one_to_owner_of(const fs::path& path, const fs::path& like);

// The names in `folder` and in all folders below it are on the disk when it returns.
void sync_folders(const fs::path& folder);

}  // namespace holdfast::datastore::vm
