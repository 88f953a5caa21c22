// The frame around a metadata blob of a snapshot repository, for tests that make such blobs.
#pragma once

#include <string>
#include <string_view>

#include "codec/digest.h"

namespace holdfast::support {

inline std::string with_footer(std::string_view bytes) {
  std::string whole(bytes);
  whole += std::string("\xC0\x28\x93\xE8\0\0\0\0\0\0\0\0", 12);
  return whole + codec::digest_of(codec::DigestAlgorithm::kCrc32,
                                  std::string_view(whole).substr(0, whole.size() - 4));
}

// `codec` is shorter than 128 bytes.
inline std::string framed(std::string_view codec, std::string_view content) {
  std::string bytes("\x3F\xD7\x6C\x17");
  bytes += char(codec.size());
  bytes += codec;
  bytes += std::string("\0\0\0\x01", 4);
  bytes += content;
  return with_footer(bytes);
}

}  // namespace holdfast::support
