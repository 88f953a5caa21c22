// The folder backend: an object is a plain file of the same relative path under ROOT/BUCKET/.
// Layout, escaping, attributes and crash rules: docs/formats/folder.md.
#pragma once

#include <memory>

#include "base/file.h"
#include "base/secret.h"
#include "storage/storage.h"

namespace holdfast::storage {

// Where attributes that are not bytes are kept. A folder stays with what it began with.
enum class LabelPlace {
  kAutomatic,  // extended attributes where the file system has them, else files
  kFiles,
};

struct FolderOptions {
  fs::path root;           // created if missing (its parent must exist)
  bool read_only = false;  // restores with --direct: takes no exclusive lock, changes nothing
  std::uint64_t min_part_size = 5ull << 20;
  std::uint64_t reserved_bytes = 64ull << 20;  // writes answer NoSpace when less would be left
  // Small objects of these keys may use what is reserved, so that a full folder can still be
  // restored from: a restore takes a lease. Empty: none.
  std::string keys_in_reserve = {};
  LabelPlace labels = LabelPlace::kAutomatic;  // of a folder that is new
  std::size_t resting_files =
      32;  // replaced files that rest before the first of them is used again
  // Lists read labels without opening the files, where the kernel can (Linux 6.13 on).
  bool closed_labels = true;
  // Keys of 32 bytes for objects that the storage encrypts itself. The first one seals, all open;
  // none: such objects cannot be made.
  std::vector<Secret> own_keys = {};
};

// Takes the folder's lock (a second writer: Refused, naming the holder), probes xattrs, rename
// flags and links, and removes what dead processes left half done.
std::unique_ptr<Storage> open_folder_storage(const Context& context, const FolderOptions& options);

}  // namespace holdfast::storage
