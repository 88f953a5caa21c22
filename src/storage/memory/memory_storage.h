// A storage in this process's memory, for tests and models: the plainest implementation of the
// contract.
#pragma once

#include <memory>

#include "storage/storage.h"

namespace holdfast::storage {

// `min_part_size` is small so that tests can use small parts. Thread-safe.
std::unique_ptr<Storage> make_memory_storage(std::uint64_t min_part_size = 1);

}  // namespace holdfast::storage
