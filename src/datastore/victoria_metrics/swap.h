// Putting restored data in place of the live data: all of it or nothing, whenever the process dies.
//
// `<data path>/.holdfast-restore/new` holds the restored folders. A journal beside it and the file
// restore-in-progress, which keeps a server from starting, stand on the disk before the first name
// is touched; every name is then exchanged by one rename. What was exchanged is told by inode
// numbers, so that a second attempt, after a kill, continues where the first stopped. Whoever calls
// these holds the data folder's lock and the server's (local.h).
#pragma once

#include <string>
#include <vector>

#include "base/file.h"

namespace holdfast::datastore::vm {

inline constexpr const char* kInProgressName = "restore-in-progress";

fs::path staging_of(const fs::path& data_path);      // .holdfast-restore
fs::path staged_data_of(const fs::path& data_path);  // .holdfast-restore/new

// Why the live folders cannot be exchanged by renames (a folder is a mount point or a symlink);
// empty: they can.
std::string swap_obstacle(const fs::path& data_path);

// Exchanges. When a rename fails, those that were done are undone and the error is thrown.
void swap_in(const fs::path& data_path);

// Finishes a swap that was begun (or undoes one that was being undone), and removes what is left of
// staging. Returns what it did, a line each. Changes nothing but leftovers when no swap was begun.
std::vector<std::string> recover_swap(const fs::path& data_path);

// Whether live folders may be half exchanged: no server can be running, and none starts.
bool swap_is_pending(const fs::path& data_path);

}  // namespace holdfast::datastore::vm
