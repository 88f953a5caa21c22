// The suite over the storages of this machine.
#include "conformance/versions_suite.h"
#include "storage/folder/folder_storage.h"
#include "storage/memory/memory_storage.h"
#include "storage/wrap/wrap.h"
#include "support/test_folder.h"

namespace holdfast::storage {

namespace {

std::shared_ptr<Storage> folder(LabelPlace labels) {
  TemporaryFolder place(place_for_folders());
  FolderOptions options{.root = place.path() / "root", .min_part_size = 1, .labels = labels};
  auto storage = open_folder_storage(Context::background(), options);
  return share_with(std::move(storage), std::move(place));
}

}  // namespace

INSTANTIATE_STORAGE_CONFORMANCE(Memory, [] { return share(make_memory_storage()); });
INSTANTIATE_STORAGE_CONFORMANCE(WrappedMemory, [] {
  static StorageCounts counts;
  return share(with_meter(with_retry(make_memory_storage(7)), counts));
});
INSTANTIATE_STORAGE_CONFORMANCE(Folder, [] { return folder(LabelPlace::kAutomatic); });
INSTANTIATE_STORAGE_CONFORMANCE(FolderWithoutAttributes, [] { return folder(LabelPlace::kFiles); });
INSTANTIATE_VERSIONS_CONFORMANCE(Folder, [] { return folder(LabelPlace::kAutomatic); });
INSTANTIATE_VERSIONS_CONFORMANCE(FolderWithoutAttributes,
                                 [] { return folder(LabelPlace::kFiles); });

}  // namespace holdfast::storage
