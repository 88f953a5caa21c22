// Byte streams, pulled by the consumer. Not thread-safe: one reader at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace holdfast {

// A stretch of an open file. The descriptor is borrowed: it stays open as long as the Source it
// came from.
struct FileRegion {
  int descriptor = -1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// A stream of bytes that ends.
class Source {
 public:
  virtual ~Source() = default;
  // Fills the front of `into` and returns how much; 0 only at the end (or for an empty `into`).
  // Throws Error when the bytes cannot be had or turn out wrong; a consumer then publishes nothing.
  // The end must be read (a return of 0): checks over the whole stream throw there.
  virtual std::size_t read(std::span<char> into) = 0;
  // Bytes still to come, when known.
  virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
  // Back to the first byte; false when that is impossible.
  virtual bool rewind() { return false; }
  // Where the bytes still to come lie in a file, for sendfile and copy_file_range; nullopt when
  // they do not.
  virtual std::optional<FileRegion> file_region() { return std::nullopt; }
};

// Bytes in memory that somebody else keeps alive.
class MemorySource : public Source {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return bytes_.size() - position_; }
  bool rewind() override;

 private:
  std::string_view bytes_;
  std::size_t position_ = 0;
};

// A stretch of a file; reads with pread, so that several may share one descriptor. Borrows the
// descriptor.
class FileSource : public Source {
 public:
  FileSource(FileRegion region, std::string name) : region_(region), name_(std::move(name)) {}
  // Throws Corrupt when the file ends before the region does.
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return region_.length - position_; }
  bool rewind() override;
  std::optional<FileRegion> file_region() override;

 private:
  FileRegion region_;
  std::string name_;
  std::uint64_t position_ = 0;
};

// Reads the whole stream. Throws InvalidArgument beyond `limit` bytes.
std::string read_all(Source& source, std::uint64_t limit);

// Reads until `into` is full or the stream ends; returns how much.
std::size_t read_full(Source& source, std::span<char> into);

}  // namespace holdfast
