// Where tests put folders of objects.
#pragma once

#include <memory>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/file.h"
#include "storage/folder/folder_storage.h"

namespace holdfast::storage {

// In memory where that takes extended attributes, so that tests of rules do not wait for disks.
inline fs::path place_for_folders() {
  const fs::path shared = "/dev/shm";
  try {
    if (free_space(shared) < (512u << 20)) return fs::temp_directory_path();
    TemporaryFolder probe(shared);
    bool keeps = ::setxattr(probe.path().c_str(), "user.probe", "x", 1, 0) == 0;
    return keeps ? shared : fs::temp_directory_path();
  } catch (const Error&) {
    return fs::temp_directory_path();
  }
}

// An open folder with the bucket "bucket" and no space reserved.
struct FolderWithBucket {
  explicit FolderWithBucket(FolderOptions options = {}) {
    options.root = folder_.path();
    options.reserved_bytes = 0;
    storage_ = open_folder_storage(context_, options);
    storage_->buckets()->create(context_, "bucket");
  }
  Context context_ = Context::background();
  TemporaryFolder folder_{place_for_folders()};
  std::unique_ptr<Storage> storage_;
};

}  // namespace holdfast::storage
