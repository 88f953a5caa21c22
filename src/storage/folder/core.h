// What all parts of one open folder share.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "base/context.h"
#include "storage/folder/at.h"
#include "storage/folder/folder_storage.h"
#include "storage/folder/locks.h"
#include "storage/folder/spare_files.h"

namespace holdfast::storage {

struct Core {
  FolderOptions options;
  bool use_xattrs = true;  // labels lie in extended attributes, else all in side files
  bool reflinks = false;   // files can share blocks (xfs, btrfs)

  Descriptor root;
  // ROOT/.hf~sys and what is in it; not open when the folder is read only and has none.
  Descriptor system, temporary, labels, pending, links, uploads;
  // Of versions (docs/formats/versions.md).
  Descriptor settings, records, old, removals, record_files;

  KeyLocks locks;
  FolderSync folder_sync;
  ChangeLog changes;
  SpareFiles spares;

  // Folders that are made or turned into others right now and not yet durable (object_tree.h).
  std::atomic<int> unsettled_folders{0};
  std::atomic<std::uint64_t> next_name{0};
  std::atomic<unsigned> large_bodies{0};  // being written (body_writer.cpp)

  std::string unique_name() { return std::to_string(++next_name); }
  // Throws NoSpace unless `bytes` more fit beside what options.reserved_bytes keeps free.
  void check_space(std::uint64_t bytes) const;
  // Throws Refused when the folder is open for reading only.
  void check_writable(const std::string& what) const;
};

// Keeps Core::unsettled_folders up.
class Unsettled {
 public:
  explicit Unsettled(Core& core) : core_(core) { ++core_.unsettled_folders; }
  ~Unsettled() { --core_.unsettled_folders; }
  Unsettled(const Unsettled&) = delete;
  Unsettled& operator=(const Unsettled&) = delete;

 private:
  Core& core_;
};

// A file that is not an object yet: one in Core::temporary, removed at the end of scope unless it
// was moved to its place, or one in another folder that stays there when it is not moved.
class TemporaryFile {
 public:
  explicit TemporaryFile(Core& core);
  TemporaryFile(Core& core, std::string name, Descriptor file)
      : folder_(core.temporary.get()), name_(std::move(name)), file_(std::move(file)) {}
  // Borrows the folder.
  static TemporaryFile kept_in(int folder, std::string name, Descriptor file);
  TemporaryFile(TemporaryFile&& other) noexcept
      : folder_(other.folder_),
        name_(std::exchange(other.name_, {})),
        file_(std::move(other.file_)),
        keep_(other.keep_),
        moved_(other.moved_) {}
  ~TemporaryFile();

  int folder() const { return folder_; }
  int file() const { return file_.get(); }
  const std::string& name() const { return name_; }
  // It has its place; there is nothing to remove.
  void moved() {
    name_.clear();
    moved_ = true;
  }
  // It has its place, and the name is that of the file which was there.
  void exchanged() { moved_ = true; }
  bool is_moved() const { return moved_; }
  // What was exchanged is the caller's; empty when nothing was.
  std::string take_name() { return std::exchange(name_, {}); }

 private:
  TemporaryFile() = default;
  int folder_ = -1;
  std::string name_;
  Descriptor file_;
  bool keep_ = false;
  bool moved_ = false;
};

// Writes `bytes` to `name` in `folder` so that they are whole and durable there, replacing what was
// there.
void write_durably_at(Core& core, int folder, const std::string& name, std::string_view bytes);
// Opens (or with `make` makes, durably) the folder `name` in `folder`. ENOENT: error is set.
Opened open_or_make_folder(int folder, const std::string& name, bool make);

}  // namespace holdfast::storage
