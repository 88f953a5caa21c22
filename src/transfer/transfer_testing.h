// What the tests of this room share.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/progress.h"

namespace holdfast::transfer {

// Bytes in which a swapped or shifted piece shows; others for another seed.
inline std::string pattern(std::size_t size, unsigned seed = 1) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = char(((i + seed) * 2654435761u) >> 13);
  return bytes;
}

class CountingProgress : public Progress {
 public:
  void phase(std::string_view, std::uint64_t, std::uint64_t) override {}
  void advance(std::uint64_t more_bytes, std::uint64_t more_objects) override {
    bytes += more_bytes;
    objects += more_objects;
  }
  void note(std::string_view) override {}
  std::atomic<std::uint64_t> bytes = 0, objects = 0;
};

}  // namespace holdfast::transfer
