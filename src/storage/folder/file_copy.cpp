#include "storage/folder/file_copy.h"

#include <algorithm>
#include <cerrno>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

#include "base/error.h"
#include "base/operation.h"
#include "storage/folder/at.h"
#include "storage/folder/label_store.h"

namespace holdfast::storage {

namespace {

constexpr std::uint64_t kMostAtOnce = 64ull << 20;  // so that a copy notices errors early

// For file systems and kernels that cannot copy inside the kernel.
void copy_through_memory(int from, std::uint64_t from_offset, int to, std::uint64_t to_offset,
                         std::uint64_t length, const std::string& name) {
  std::vector<char> buffer(std::size_t(std::min<std::uint64_t>(length, 1 << 20)));
  while (length > 0) {
    std::size_t want = std::size_t(std::min<std::uint64_t>(length, buffer.size()));
    ssize_t count = ::pread(from, buffer.data(), want, off_t(from_offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error(errno, "read " + name);
    if (count == 0) throw Corrupt("copy " + name, "it is shorter than it was");
    check_file(write_at(to, {buffer.data(), std::size_t(count)}, to_offset), "copy " + name);
    from_offset += std::uint64_t(count);
    to_offset += std::uint64_t(count);
    length -= std::uint64_t(count);
  }
}

}  // namespace

bool share_blocks(int from, int to) {
  Operation operation("file.clone", "");
  return ::ioctl(to, FICLONE, from) == 0;
}

void copy_bytes(int from, std::uint64_t from_offset, int to, std::uint64_t to_offset,
                std::uint64_t length, const std::string& name) {
  Operation operation("file.copy", name);
  while (length > 0) {
    off64_t in = off64_t(from_offset), out = off64_t(to_offset);
    std::size_t want = std::size_t(std::min(length, kMostAtOnce));
    ssize_t count = ::copy_file_range(from, &in, to, &out, want, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == ENOSYS || errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP ||
                      errno == EIO)) {
      return copy_through_memory(from, from_offset, to, to_offset, length, name);
    }
    if (count < 0) throw_file_error(errno, "copy " + name);
    if (count == 0) throw Corrupt("copy " + name, "it is shorter than it was");
    from_offset += std::uint64_t(count);
    to_offset += std::uint64_t(count);
    length -= std::uint64_t(count);
  }
}

void copy_file_exactly(int from, int to, const std::string& name) {
  struct stat info{};
  if (::fstat(from, &info) < 0) throw_file_error(errno, "look at " + name);
  if (!share_blocks(from, to)) copy_bytes(from, 0, to, 0, std::uint64_t(info.st_size), name);
  char value[4096];
  ssize_t size = ::fgetxattr(from, kLabelAttribute, value, sizeof value);
  if (size > 0) {
    check_file(set_attribute(to, kLabelAttribute, {value, std::size_t(size)}), "copy " + name);
  }
  check_file(set_modified(to, modified_of(info)), "copy " + name);
}

}  // namespace holdfast::storage
