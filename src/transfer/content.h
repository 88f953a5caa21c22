// The bytes of an object to be, wherever they come from.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace holdfast::transfer {

// Readable at any place, by several threads at once; the bytes never change.
class Content {
 public:
  virtual ~Content() = default;
  virtual std::string name() const = 0;  // for messages
  virtual std::uint64_t size() const = 0;
  // Fills `into`, all of which lies inside. Throws Corrupt when the bytes are not there any more.
  virtual void read(std::uint64_t offset, std::span<char> into) const = 0;
};

}  // namespace holdfast::transfer
