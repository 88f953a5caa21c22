// Bytes to be told apart by their place.
#pragma once

#include <string>

namespace holdfast::support {

// `count` bytes that go up by one from `first`.
inline std::string counted_bytes(unsigned first, unsigned count) {
  std::string out;
  for (unsigned i = 0; i < count; ++i) out += char(first + i);
  return out;
}

}  // namespace holdfast::support
