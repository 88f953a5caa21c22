// Opening a folder: its lock, its format, what its file system can do, and what dead processes
// left.
#pragma once

#include <memory>

#include "base/context.h"
#include "storage/folder/core.h"

namespace holdfast::storage {

// A Core and the lock that makes it the folder's only writer.
struct OpenedFolder {
  std::optional<FileLock> lock;
  std::unique_ptr<Core> core;
};

// Throws NotFound (no such folder and none can be made), Refused (another process writes to it, a
// newer holdfast made it), Unsupported (its file system lacks what objects need), or by errno.
OpenedFolder open_folder_core(const Context& context, const FolderOptions& options);

}  // namespace holdfast::storage
