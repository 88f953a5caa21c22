// The names of folders, sorted as a list needs them, and a bounded memory of them.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/context.h"
#include "storage/folder/core.h"

namespace holdfast::storage {

// What stands at one place of a sorted folder. A folder `n` counts twice: as `n/`, for the objects
// below, and as `n`, for the object that may lie in it.
struct NameEntry {
  std::string_view text;  // a component; with a '/' at its end: what lies below it
  std::string_view path;  // of the file or folder, relative to the folder that was read
  bool below() const { return !text.empty() && text.back() == '/'; }
};

// The sorted names of one folder, or of a stretch of it when it is very large. Never changed.
class FolderNames {
 public:
  std::size_t size() const { return places_.size(); }
  NameEntry at(std::size_t index) const;
  // The first entry not less than `text`.
  std::size_t lower_bound(std::string_view text) const;
  // Whether names after the last of these were left out; the next stretch begins at end().
  bool cut() const { return !end_.empty(); }
  const std::string& begin() const { return begin_; }
  const std::string& end() const { return end_; }
  // Whether a list from `text` on can start here.
  bool covers(std::string_view text) const {
    return text >= begin_ && (end_.empty() || text < end_);
  }
  std::size_t bytes() const { return arena_.capacity() + places_.capacity() * sizeof(Place); }

 private:
  friend class NamesReader;
  struct Place {
    std::uint32_t text, path;  // offsets in arena_
    std::uint16_t text_size, path_size;
  };
  std::string arena_;
  std::vector<Place> places_;
  std::string begin_, end_;
};

// Reads folders and keeps what it read, as long as the folder's time and holdfast's own count of
// changes say that it is still right. Thread-safe.
class NamesCache {
 public:
  // At most `most_names` of one folder are kept at a time, `most_bytes` in all.
  explicit NamesCache(Core& core, std::size_t most_names = 100000,
                      std::size_t most_bytes = 24u << 20)
      : core_(core), most_names_(most_names), most_bytes_(most_bytes) {}

  // The names of the open `folder`, whose path from the root is `path`, from `from` on: all of
  // them, or the first `most_names`. Throws by errno.
  std::shared_ptr<const FolderNames> names(int folder, const std::string& path,
                                           const std::string& from);
  // Folders that were read and not remembered; for tests.
  std::uint64_t reads() const { return reads_; }

 private:
  struct Stamp {
    std::int64_t modified = 0, changed = 0;
    std::uint64_t inode = 0, generation = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct Kept {
    std::string path;
    Stamp stamp;
    std::shared_ptr<const FolderNames> names;
  };
  Stamp stamp_of(int folder, const std::string& path);
  void keep(Kept kept);

  Core& core_;
  const std::size_t most_names_, most_bytes_;
  std::atomic<std::uint64_t> reads_{0};
  std::mutex mutex_;
  std::list<Kept> kept_;  // the last used first
  std::unordered_map<std::string, std::list<Kept>::iterator> by_path_;
  std::size_t bytes_ = 0;
};

}  // namespace holdfast::storage
