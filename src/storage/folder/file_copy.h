// Copies of bytes between open files, by sharing blocks or inside the kernel where that is
// possible.
#pragma once

#include <cstdint>
#include <string>

namespace holdfast::storage {

// Whether `to` now shares all blocks of `from` (reflink); false: the file system cannot.
bool share_blocks(int from, int to);

// Copies `length` bytes; throws Corrupt when `from` is shorter.
void copy_bytes(int from, std::uint64_t from_offset, int to, std::uint64_t to_offset,
                std::uint64_t length, const std::string& name);

// The whole file with its label and its time of change.
void copy_file_exactly(int from, int to, const std::string& name);

}  // namespace holdfast::storage
