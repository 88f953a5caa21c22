#include "datastore/victoria_metrics/spool.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include "base/error.h"

namespace holdfast::datastore::vm {

namespace {

constexpr std::size_t kReadAtOnce = 64 << 10;
constexpr std::size_t kLongestLine = 16 << 20;

std::FILE* open_unnamed() {
  // The X are mkostemp's to fill in.
  std::string path = (std::filesystem::temp_directory_path() / "holdfast-spool-XXXXXX").string();
  int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) throw_errno(errno, "make a temporary file " + path);
  ::unlink(path.c_str());
  return ::fdopen(descriptor, "w+");
}

}  // namespace

Spool::Spool() : file_(open_unnamed(), &std::fclose) {
  if (!file_) throw_errno(errno, "make a temporary file");
}

void Spool::add(std::string_view line) {
  add_bytes(line);
  add_bytes("\n");
}

void Spool::add_bytes(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
    throw_errno(errno, "write a temporary file", "make room in the temporary folder (TMPDIR)");
  }
  size_ += bytes.size();
}

void Spool::flush() {
  if (std::fflush(file_.get()) != 0) {
    throw_errno(errno, "write a temporary file", "make room in the temporary folder (TMPDIR)");
  }
}

Spool::Reader Spool::read() {
  flush();
  return Reader(::fileno(file_.get()));
}

std::unique_ptr<Source> Spool::source() {
  flush();
  return std::make_unique<FileSource>(FileRegion{::fileno(file_.get()), 0, size_},
                                      "a temporary file");
}

std::optional<std::string> Spool::Reader::next() {
  while (true) {
    std::size_t end = buffer_.find('\n', start_);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(start_, end - start_);
      start_ = end + 1;
      return line;
    }
    if (ended_) return std::nullopt;
    buffer_.erase(0, start_);
    start_ = 0;
    if (buffer_.size() > kLongestLine) throw Failed("read a temporary file", "a line is too long");
    std::size_t had = buffer_.size();
    buffer_.resize(had + kReadAtOnce);
    ssize_t count = ::pread(descriptor_, buffer_.data() + had, kReadAtOnce, off_t(offset_));
    if (count < 0 && errno != EINTR) throw_errno(errno, "read a temporary file");
    buffer_.resize(had + std::size_t(std::max<ssize_t>(count, 0)));
    offset_ += std::uint64_t(std::max<ssize_t>(count, 0));
    ended_ = count == 0;
  }
}

}  // namespace holdfast::datastore::vm
