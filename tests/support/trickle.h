// A stream that comes in small pieces, to move their borders over every byte.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include "base/stream.h"

namespace holdfast::support {

// Gives the bytes, which somebody else keeps alive, in pieces of at most `step`.
class Trickle : public Source {
 public:
  Trickle(std::string_view bytes, std::size_t step) : bytes_(bytes), step_(step) {}
  std::size_t read(std::span<char> into) override {
    return bytes_.read(into.first(std::min(into.size(), step_)));
  }

 private:
  MemorySource bytes_;
  std::size_t step_;
};

}  // namespace holdfast::support
