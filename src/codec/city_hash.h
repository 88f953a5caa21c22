// CityHash128 as of version 1.0.2, which ClickHouse keeps for good (later versions of CityHash give
// other values), and the hash of a file that its checksums.txt holds. Not against forgers: anyone
// can make two files with one hash. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::codec {

struct Hash128 {
  std::uint64_t low = 0, high = 0;

  bool operator==(const Hash128&) const = default;
};

// The hash alone: of a compressed block.
Hash128 city_hash128(std::string_view bytes);
// The same from a state of the caller's.
Hash128 city_hash128(std::string_view bytes, Hash128 seed);

// The hash of a file: blocks of 2048 bytes, each seeded with the hash of all before it, the first
// with zeros; an empty file has the hash zero. Not thread-safe.
class ClickHouseFileHash {
 public:
  void add(std::string_view bytes);
  // The hash of all that was added; the object starts anew afterwards.
  Hash128 finish();

 private:
  Hash128 state_;
  std::string block_;  // the bytes of a block that is not whole yet
};

}  // namespace holdfast::codec
