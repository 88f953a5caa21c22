// The suite over the storages of this machine.
#include <sys/xattr.h>

#include "conformance/storage_suite.h"
#include "storage/folder/folder_storage.h"
#include "storage/memory/memory_storage.h"

namespace holdfast::storage {

namespace {

// In memory where that works, so that the suite measures rules and not disks.
fs::path place_for_folders() {
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

std::shared_ptr<Storage> folder(LabelPlace labels) {
  TemporaryFolder place(place_for_folders());
  FolderOptions options{.root = place.path() / "root", .min_part_size = 1, .labels = labels};
  auto storage = open_folder_storage(Context::background(), options);
  return share_with(std::move(storage), std::move(place));
}

}  // namespace

INSTANTIATE_STORAGE_CONFORMANCE(Memory, [] { return share(make_memory_storage()); });
INSTANTIATE_STORAGE_CONFORMANCE(Folder, [] { return folder(LabelPlace::kAutomatic); });
INSTANTIATE_STORAGE_CONFORMANCE(FolderWithoutAttributes, [] { return folder(LabelPlace::kFiles); });

}  // namespace holdfast::storage
