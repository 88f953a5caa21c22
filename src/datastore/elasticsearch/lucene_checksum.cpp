#include "datastore/elasticsearch/lucene_checksum.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "codec/crc.h"
#include "datastore/elasticsearch/lucene.h"

namespace holdfast::datastore::es {

namespace {

constexpr std::uint64_t kValueSize = 8;  // bytes at the end that the checksum is not of

// The bytes of `piece`, which begins at `at`, from `first` up to `end`.
std::string_view between(std::string_view piece, std::uint64_t at, std::uint64_t first,
                         std::uint64_t end) {
  const std::uint64_t from = std::clamp(first, at, at + piece.size());
  const std::uint64_t to = std::clamp(end, from, at + piece.size());
  return piece.substr(std::size_t(from - at), std::size_t(to - from));
}

}  // namespace

void LuceneChecksum::add(std::string_view bytes) {
  const std::uint64_t hashed = length_ - std::min(length_, kValueSize);
  const std::uint64_t footer = length_ - std::min<std::uint64_t>(length_, kLuceneFooterSize);
  register_ =
      codec::update_crc(codec::CrcKind::kCrc32, register_, between(bytes, seen_, 0, hashed));
  footer_ += between(bytes, seen_, footer, length_);
  seen_ += bytes.size();
}

std::optional<std::string> LuceneChecksum::problem(std::uint32_t recorded) const {
  if (seen_ != length_) {
    return fmt::format("it has {} bytes in the place of {}", seen_, length_);
  }
  const std::uint32_t found = std::uint32_t(~register_);
  try {
    const std::uint32_t told = lucene_footer_checksum(footer_, "");
    if (found == told && told == recorded) return std::nullopt;
    return fmt::format("its checksum is {:08x}, its footer says {:08x}, the snapshot {:08x}", found,
                       told, recorded);
  } catch (const Corrupt& error) {
    return error.reason();
  }
}

}  // namespace holdfast::datastore::es
