#include "storage/folder/at.h"

#include <atomic>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/operation.h"

namespace holdfast::storage {

namespace {

constexpr int kMostMoves = 1000;
constexpr std::size_t kLongestPath = 4000;  // PATH_MAX is 4,096 with the zero

Opened opened(int result) {
  if (result < 0) return {Descriptor(), errno};
  return {Descriptor(result), 0};
}

int open_beneath(int folder, const std::string& path, int flags, unsigned mode) {
  open_how how{};
  how.flags = std::uint64_t(flags);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (int moved = 0;;) {
    long result = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
    if (result >= 0) return int(result);
    // What was reached had just been moved out of `folder`, as an exchange of names does: look
    // again.
    const bool again = errno == EXDEV && ++moved < kMostMoves;
    if (!again && errno != EINTR && errno != EAGAIN) return int(result);
  }
}

// openat2 came with Linux 5.6, and some container sandboxes still answer EPERM to it.
bool lacks_openat2(int folder) {
  static const bool lacks = [&] {
    Descriptor probe(open_beneath(folder, ".", O_PATH | O_CLOEXEC, 0));
    return !probe && (errno == ENOSYS || errno == EPERM);
  }();
  return lacks;
}

int result_of(int result) { return result < 0 ? errno : 0; }

}  // namespace

Opened open_by_steps(int folder, const std::string& path, int flags, unsigned mode) {
  Descriptor current;
  std::size_t at = 0;
  while (true) {
    int from = current ? current.get() : folder;
    std::size_t slash = path.find('/', at);
    std::string name = path.substr(at, slash == std::string::npos ? slash : slash - at);
    if (slash == std::string::npos) {
      return opened(::openat(from, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
    }
    Opened next =
        opened(::openat(from, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return next;
    current = std::move(next.file);
    at = slash + 1;
  }
}

Opened open_at(int folder, const std::string& path, int flags, unsigned mode) {
  if (lacks_openat2(folder)) return open_by_steps(folder, path, flags, mode);
  if (path.size() <= kLongestPath) {
    return opened(open_beneath(folder, path, flags | O_CLOEXEC, mode));
  }
  std::size_t cut = path.rfind('/', kLongestPath);
  Opened next =
      opened(open_beneath(folder, path.substr(0, cut), O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
  if (!next) return next;
  return open_at(next.file.get(), path.substr(cut + 1), flags, mode);
}

Opened open_folder_at(int folder, const std::string& path) {
  return open_at(folder, path, O_RDONLY | O_DIRECTORY);
}

Opened create_at(int folder, const std::string& name) {
  Operation operation("file.create", name);
  return opened(
      ::openat(folder, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
}

int make_folder_at(int folder, const std::string& name) {
  Operation operation("file.make_folder", name);
  return result_of(::mkdirat(folder, name.c_str(), 0755));
}

int remove_at(int folder, const std::string& name) {
  Operation operation("file.remove", name);
  return result_of(::unlinkat(folder, name.c_str(), 0));
}

int remove_folder_at(int folder, const std::string& name) {
  Operation operation("file.remove_folder", name);
  return result_of(::unlinkat(folder, name.c_str(), AT_REMOVEDIR));
}

int rename_at(int from, const std::string& name, int to, const std::string& new_name) {
  Operation operation("file.rename", new_name);
  return result_of(::renameat(from, name.c_str(), to, new_name.c_str()));
}

int exchange_at(int from, const std::string& name, int to, const std::string& other) {
  Operation operation("file.exchange", other);
  return result_of(::renameat2(from, name.c_str(), to, other.c_str(), RENAME_EXCHANGE));
}

int link_open_file(int file, int folder, const std::string& name) {
  Operation operation("file.link", name);
  std::string path = "/proc/self/fd/" + std::to_string(file);
  return result_of(::linkat(AT_FDCWD, path.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW));
}

int link_at(int from, const std::string& name, int to, const std::string& new_name) {
  Operation operation("file.link", new_name);
  return result_of(::linkat(from, name.c_str(), to, new_name.c_str(), 0));
}

int set_attribute(int file, const char* name, std::string_view value) {
  Operation operation("file.set_attribute", name);
  return result_of(::fsetxattr(file, name, value.data(), value.size(), 0));
}

ssize_t read_attribute_at(int folder, const std::string& name, const char* attribute,
                          std::span<char> into) {
  // getxattrat(2), which the headers of older systems lack.
  constexpr long kNumber = 464;
  struct {
    alignas(8) std::uint64_t value;
    std::uint32_t size, flags;
  } const arguments{reinterpret_cast<std::uintptr_t>(into.data()), std::uint32_t(into.size()), 0};
  return ::syscall(kNumber, folder, name.c_str(), AT_SYMLINK_NOFOLLOW, attribute, &arguments,
                   sizeof arguments);
}

int set_modified(int file, std::int64_t nanoseconds) {
  constexpr std::int64_t second = 1000000000;
  timespec time{};
  time.tv_sec = nanoseconds / second;
  time.tv_nsec = nanoseconds % second;
  if (time.tv_nsec < 0) {
    time.tv_nsec += second;
    --time.tv_sec;
  }
  const timespec times[2] = {{0, UTIME_OMIT}, time};
  return result_of(::futimens(file, times));
}

int sync_data(int file, const std::string& name) {
  Operation operation("file.sync", name);
  return result_of(::fsync(file));
}

int sync_folder_of(int folder, const std::string& name) {
  Operation operation("file.sync_folder", name);
  return result_of(::fsync(folder));
}

int write_at(int file, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    ssize_t count = ::pwrite(file, bytes.data(), bytes.size(), off_t(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    bytes.remove_prefix(std::size_t(count));
    offset += std::uint64_t(count);
  }
  return 0;
}

ReadFile read_small(int folder, const std::string& path, std::size_t limit) {
  Opened file = open_at(folder, path, O_RDONLY | O_NONBLOCK);
  if (!file) return {"", file.error};
  ReadFile out;
  char buffer[4096];
  while (true) {
    ssize_t count = ::read(file.file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {"", errno};
    if (count == 0) return out;
    out.bytes.append(buffer, std::size_t(count));
    if (out.bytes.size() > limit) return {"", EFBIG};
  }
}

int read_folder(int folder, const std::function<bool(const char*, unsigned char)>& each) {
  // A descriptor of its own: the place where reading goes on belongs to the open file.
  Opened own = opened(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return own ? read_folder(std::move(own.file), each) : own.error;
}

int read_folder(Descriptor folder, const std::function<bool(const char*, unsigned char)>& each) {
  const int file = folder.get();
  std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(file), ::closedir);
  if (!entries) return errno;
  folder.release();
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(entries.get());
    if (!entry) return errno;
    std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    unsigned char type = entry->d_type;
    if (type == DT_UNKNOWN) {
      struct stat info{};
      if (::fstatat(file, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0) continue;
      type = static_cast<unsigned char>(IFTODT(info.st_mode));
    }
    if (!each(entry->d_name, type)) return 0;
  }
}

int remove_all_at(int folder, const std::string& name) {
  Opened inside = open_folder_at(folder, name);
  if (inside.error == ENOENT) return 0;
  if (!inside) return inside.error;
  int failure = 0;
  int error = read_folder(inside.file.get(), [&](const char* entry, unsigned char type) {
    failure = type == DT_DIR ? remove_all_at(inside.file.get(), entry)
                             : remove_at(inside.file.get(), entry);
    if (failure == ENOENT) failure = 0;
    return failure == 0;
  });
  if (failure != 0 || error != 0) return failure != 0 ? failure : error;
  return remove_folder_at(folder, name);
}

std::int64_t modified_of(const struct stat& info) {
  return std::int64_t(info.st_mtim.tv_sec) * 1000000000 + info.st_mtim.tv_nsec;
}

void throw_file_error(int number, const std::string& what) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      throw_errno(number, what, "free some space or give the folder's volume more");
    case EACCES:
    case EPERM:
      throw_errno(number, what, "let holdfast's user own the folder and all in it");
    case EROFS:
      throw_errno(number, what, "mount the folder's volume writable");
    case ELOOP:
      throw AccessDenied(what, "a symbolic link stands in the way",
                         "holdfast follows no links inside its folder: put a real folder there");
    case EXDEV:
      throw_errno(number, what, "keep the whole folder on one file system, buckets included");
    default:
      throw_errno(number, what);
  }
}

}  // namespace holdfast::storage
