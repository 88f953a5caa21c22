#include "base/file_journal.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "base/operation.h"

namespace holdfast {

namespace {

constexpr std::uint64_t kMaxJournal = 64 << 20;

// Bitwise CRC-32: a journal has a few lines, and base is below the room that has the fast one.
std::uint32_t line_checksum(std::string_view line) {
  std::uint32_t crc = ~0u;
  for (char c : line) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

}  // namespace

void FileJournal::append(std::string_view line) {
  Operation operation("journal.append", line);
  bool fresh = !path_exists(path_);
  Descriptor file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file) throw_errno(errno, "open " + path_.string());
  write_all(file.get(), fmt::format("{:08x} {}\n", line_checksum(line), line), path_);
  sync_file(file.get(), path_);
  if (fresh) sync_folder(path_.parent_path());
}

std::vector<std::string> FileJournal::lines() const {
  std::vector<std::string> out;
  if (!path_exists(path_)) return out;
  std::string text = read_file(path_, kMaxJournal);
  std::size_t start = 0;
  while (true) {
    std::size_t end = text.find('\n', start);
    if (end == std::string::npos || end - start < 9) return out;
    std::string line = text.substr(start + 9, end - start - 9);
    if (fmt::format("{:08x} ", line_checksum(line)) != text.substr(start, 9)) return out;
    out.push_back(std::move(line));
    start = end + 1;
  }
}

void FileJournal::clear() {
  if (remove_file_if_there(path_)) sync_folder(path_.parent_path());
}

}  // namespace holdfast
