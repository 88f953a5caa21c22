// Decompression while reading. Formats: gzip (RFC 1952, any number of members), zstd (RFC 8878,
// any number of frames, skippable ones too) and bare DEFLATE (RFC 1951).
#pragma once

#include <memory>
#include <string>

#include "base/stream.h"

namespace holdfast::codec {

enum class Compression { kGzip, kZstd, kDeflate };

// The plain bytes of a compressed stream. Borrows the source. Throws Corrupt when the bytes are no
// such stream, fail its checks, are cut off, or when there are none at all; Failed without memory.
// Holds 128 KiB, and the window that a zstd frame asks for, at most 32 MiB: what clickhouse-backup
// uses at its highest level (4 MiB at its default one). How much comes out is the consumer's to
// bound. A return of 0 means that the source has been read to its end too.
class InflateSource : public Source {
 public:
  // `what` is the subject of its errors: "read backup x".
  InflateSource(Source& source, Compression compression, std::string what = "decompress");
  ~InflateSource() override;
  std::size_t read(std::span<char> into) override;

 private:
  class Decoder;
  class ZlibDecoder;
  class ZstdDecoder;

  bool refill();

  Source& source_;
  std::string what_;
  std::unique_ptr<Decoder> decoder_;
  std::string buffer_;
  std::string_view in_;  // what of buffer_ is still to be decoded
  bool any_ = false;     // whether there were bytes at all
  bool between_ = true;  // no frame is open
  bool drained_ = true;  // the decoder has no more output without more input
  bool at_end_ = false;
};

}  // namespace holdfast::codec
