// The folder on this machine where one run's export lies until it is in the bucket, or in the
// graph.
#pragma once

#include <string>

#include "base/file.h"

namespace holdfast::datastore::sg {

// `configured`, or the system's when it is empty.
fs::path temporary_parent(const fs::path& configured, const std::string& advice);

// There is one a store, user and parent folder; whoever has it is alone. What a killed run left in
// it is removed at the start, everything at the end. Not copyable.
class Workspace {
 public:
  // Refused when another run is at work there, or when the folder is not ours alone.
  Workspace(const fs::path& parent, const std::string& store);
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace();
  const fs::path& path() const { return path_; }
  // NoSpace when fewer bytes are free; `what` needs them.
  void require_space(std::uint64_t bytes, const std::string& what) const;

 private:
  void clear() const;

  std::string advice_;
  fs::path path_;
  std::optional<FileLock> lock_;
};

}  // namespace holdfast::datastore::sg
