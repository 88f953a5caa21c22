// Files of replaced objects that become new ones, so that replacing small objects over and over
// neither makes nor frees inodes and blocks: on ext4 that is most of what a small PUT costs.
//
// What a reader has open must stay as it was, so a file is used again only when nothing else can
// reach it:
// - its last name was taken from it durably, and it had only that one;
// - it rested until so many others (enable()) had come after it, so that whoever resolved its old
// name just
//   before it went has long opened it;
// - nobody has it open: the kernel grants a write lease only then. (A file system without leases
//   has no spare files.)
// - it is emptied by truncation, which detaches pages that a socket may still be sending;
// - it has owner, mode and attributes of a file that holdfast has just made.
//
// A reader in this process is safe without any of the kernel's timing: started() counts the uses.
// When it is the same before a name is looked up and after the file is open, no file was put to
// use in between, and a later use will find the file open. When it differs, the reader looks
// whether the name still means that file.
//
// Thread safe. The names lie in the folder's tmp, which is emptied at every start.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <sys/stat.h>

#include "storage/folder/at.h"

namespace holdfast::storage {

class SpareFiles {
 public:
  static constexpr std::uint64_t kLargest = 64 << 10;  // bytes of a file that is worth keeping
  static constexpr std::size_t kMost = 64;

  // Nothing is kept before this. `fresh` is a file just made in `temporary`, which outlives this;
  // a file is used when `resting` others came after it.
  void enable(int temporary, const struct stat& fresh, std::size_t resting);
  // Whether the file that has this name (and is about to lose it) should be kept.
  bool wants(const struct stat& file) const;
  // `name` among the temporary ones is a file whose place another took, durably. Never throws.
  void give(std::string name) noexcept;

  struct Spare {
    std::string name;
    Descriptor file;  // empty, open for reading and writing
  };
  // nullopt: there is none to be had. Never throws for a file that cannot be used.
  std::optional<Spare> take();

  std::uint64_t started() const { return started_; }

 private:
  bool is_like_fresh(const struct stat& file) const;
  bool usable(int file) const;

  int temporary_ = -1;
  std::size_t resting_ = 0;
  struct stat fresh_{};
  mutable std::mutex mutex_;
  std::deque<std::string> names_;
  std::atomic<std::size_t> count_{0};
  std::atomic<std::uint64_t> started_{0};
};

}  // namespace holdfast::storage
