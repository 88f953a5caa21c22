// Where tests put folders of objects.
#pragma once

#include <sys/xattr.h>

#include "base/error.h"
#include "base/file.h"

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

}  // namespace holdfast::storage
