// The folder that a drill restores into. A drill that was killed cannot remove its own; the next
// one does.
#pragma once

#include "base/file.h"

namespace holdfast::job {

// `holdfast-drill-STORE-RANDOM` under `parent`, private to this user, removed with all it holds at
// the end of scope. Beside it lies a file of that name and `.lock`, locked while its owner lives.
class Scratch {
 public:
  Scratch(const fs::path& parent, const std::string& store);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_, lock_path_;
  std::optional<FileLock> lock_;
};

// Removes what dead drills of this store, run by this user, left under `parent`; their paths.
std::vector<fs::path> remove_dead_scratches(const fs::path& parent, const std::string& store);

}  // namespace holdfast::job
