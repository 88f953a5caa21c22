// The files of a snapshot or of a data folder, in the order of their object names, one at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"

namespace holdfast::datastore::vm {

struct LocalFile {
  std::string relative;  // with '/', symlinks by their own names
  fs::path path;
  std::uint64_t size = 0;
};

// What is walked. In a snapshot, symlinks to folders are followed under their own name and one that
// points nowhere is skipped: servers make them. In live data no symlink is followed, and only what
// belongs to the server (data_folder.h) is entered.
enum class WalkOf { kSnapshot, kLiveData };

// Files that no backup holds (layout.h) are skipped. Memory: the names of the folders on the way.
// Not thread-safe.
class Walk {
 public:
  // NotFound when `root` is no folder.
  explicit Walk(fs::path root, WalkOf what = WalkOf::kSnapshot);
  std::optional<LocalFile> next();
  // Throws Failed when the root or a folder behind a symlink that was followed is gone by now: the
  // snapshot was deleted while it was read, and the walk may have missed files.
  void check_still_there() const;

 private:
  struct Level {
    std::string relative;  // "" or with a '/' at its end
    fs::path path;
    std::vector<std::string> names;
    std::size_t position = 0;
  };
  void enter(const std::string& relative, const fs::path& path);

  fs::path root_;
  WalkOf what_;
  std::vector<Level> levels_;
  std::vector<fs::path> followed_;
};

}  // namespace holdfast::datastore::vm
