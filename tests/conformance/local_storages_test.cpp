// The suite over the storages of this machine.
#include "conformance/storage_suite.h"
#include "storage/memory/memory_storage.h"

namespace holdfast::storage {

INSTANTIATE_STORAGE_CONFORMANCE(Memory, [] { return share(make_memory_storage()); });

}  // namespace holdfast::storage
