// A part's checksums.txt: which files the part has, with the size and the hash of each. Pure.
// Format: docs/formats/clickhouse-parts.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/city_hash.h"

namespace holdfast::datastore::ch {

inline constexpr std::string_view kChecksumsFile = "checksums.txt";
// A part of 100,000 files needs half of it.
inline constexpr std::size_t kLargestChecksums = 8 << 20;

struct ChecksumsEntry {
  std::string name;        // of the file; of a projection's folder
  std::uint64_t size = 0;  // bytes; of a folder: of all files that its own checksums.txt lists
  codec::Hash128 hash;     // codec::ClickHouseFileHash; of a folder: total_hash() of its files

  bool operator==(const ChecksumsEntry&) const = default;
};

// In the file's order, which servers keep sorted. Throws Corrupt for anything but a whole
// checksums.txt of format 2, 3 or 4 of at most kLargestChecksums bytes; format 4 carries hashes of
// itself, 2 and 3 do not.
std::vector<ChecksumsEntry> parse_checksums(std::string_view bytes);

// What system.parts calls hash_of_all_files, and what a projection has as its hash: equal for parts
// whose listed files have equal names and hashes.
codec::Hash128 total_hash(const std::vector<ChecksumsEntry>& entries);
// As system.parts prints it: 32 digits of hexadecimal, the high half first.
std::string hash_text(const codec::Hash128& hash);

}  // namespace holdfast::datastore::ch
