// The CRC-32 over a file of Lucene while it streams by, and the one that its footer tells. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::datastore::es {

// Holds a few bytes, never the file. Not thread-safe.
class LuceneChecksum {
 public:
  // Of a file of `length` bytes.
  explicit LuceneChecksum(std::uint64_t length) : length_(length) {}
  void add(std::string_view bytes);
  // After the last byte: what is wrong, for people; nullopt when the file has its length, ends with
  // a footer, and its bytes, its footer and `recorded` agree.
  std::optional<std::string> problem(std::uint32_t recorded) const;

 private:
  const std::uint64_t length_;
  std::uint64_t seen_ = 0;
  std::uint64_t register_ = 0xFFFFFFFF;
  std::string footer_;
};

}  // namespace holdfast::datastore::es
