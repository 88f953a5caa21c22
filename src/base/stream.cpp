#include "base/stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "base/error.h"

namespace holdfast {

std::size_t MemorySource::read(std::span<char> into) {
  std::size_t count = std::min(into.size(), bytes_.size() - position_);
  if (count > 0) std::memcpy(into.data(), bytes_.data() + position_, count);
  position_ += count;
  return count;
}

bool MemorySource::rewind() {
  position_ = 0;
  return true;
}

std::size_t FileSource::read(std::span<char> into) {
  std::size_t want = std::size_t(std::min<std::uint64_t>(into.size(), region_.length - position_));
  if (want == 0) return 0;
  ssize_t count;
  do {
    count = ::pread(region_.descriptor, into.data(), want, off_t(region_.offset + position_));
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw_errno(errno, "read " + name_);
  if (count == 0) throw Corrupt("read " + name_, "the file is shorter than it was");
  position_ += std::uint64_t(count);
  return std::size_t(count);
}

bool FileSource::rewind() {
  position_ = 0;
  return true;
}

std::optional<FileRegion> FileSource::file_region() {
  return FileRegion{region_.descriptor, region_.offset + position_, region_.length - position_};
}

std::string read_all(Source& source, std::uint64_t limit) {
  std::string out;
  if (auto size = source.size(); size && *size <= limit) out.reserve(std::size_t(*size));
  char buffer[16384];
  while (std::size_t count = source.read(buffer)) {
    if (out.size() + count > limit) throw InvalidArgument("read", "longer than is allowed here");
    out.append(buffer, count);
  }
  return out;
}

std::size_t read_full(Source& source, std::span<char> into) {
  std::size_t total = 0;
  while (total < into.size()) {
    std::size_t count = source.read(into.subspan(total));
    if (count == 0) break;
    total += count;
  }
  return total;
}

}  // namespace holdfast
