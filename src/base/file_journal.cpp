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

struct Valid {
  std::vector<std::string> lines;
  std::uint64_t end = 0;  // of the last whole line
};

Valid read_valid(const fs::path& path) {
  Valid out;
  if (!path_exists(path)) return out;
  std::string text = read_file(path, kMaxJournal);
  while (true) {
    std::size_t start = out.end;
    std::size_t end = text.find('\n', start);
    if (end == std::string::npos || end - start < 9) return out;
    std::string line = text.substr(start + 9, end - start - 9);
    if (fmt::format("{:08x} ", line_checksum(line)) != text.substr(start, 9)) return out;
    out.lines.push_back(std::move(line));
    out.end = end + 1;
  }
}

void sync_parent(const fs::path& path) {
  sync_folder(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

}  // namespace

void FileJournal::append(std::string_view line) {
  Operation operation("journal.append", line);
  bool fresh = !path_exists(path_);
  std::uint64_t start = end_ ? *end_ : read_valid(path_).end;
  end_.reset();  // an append that fails half way leaves a torn line
  Descriptor file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (!file) throw_errno(errno, "open " + path_.string());
  if (::ftruncate(file.get(), off_t(start)) < 0) throw_errno(errno, "cut " + path_.string());
  std::string bytes = fmt::format("{:08x} {}\n", line_checksum(line), line);
  write_all_at(file.get(), bytes, start, path_);
  sync_file(file.get(), path_);
  if (fresh) sync_parent(path_);
  end_ = start + bytes.size();
}

std::vector<std::string> FileJournal::lines() const { return read_valid(path_).lines; }

void FileJournal::clear() {
  end_.reset();
  if (remove_file_if_there(path_)) sync_parent(path_);
}

}  // namespace holdfast
