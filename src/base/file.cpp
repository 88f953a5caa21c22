#include "base/file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/operation.h"
#include "base/random.h"

namespace holdfast {

namespace {

void check(int result, std::string_view verb, const fs::path& path) {
  if (result < 0) throw_errno(errno, std::string(verb) + " " + path.string());
}

int open_retrying(const fs::path& path, int flags, unsigned mode) {
  int number;
  do {
    number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (number < 0 && errno == EINTR);
  return number;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    number_ = other.release();
  }
  return *this;
}

void Descriptor::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

Descriptor open_for_reading(const fs::path& path) {
  Descriptor file(open_retrying(path, O_RDONLY, 0));
  check(file.get(), "open", path);
  return file;
}

Descriptor create_file(const fs::path& path, unsigned mode) {
  Operation operation("file.create", path.native());
  Descriptor file(open_retrying(path, O_RDWR | O_CREAT | O_EXCL, mode));
  check(file.get(), "create", path);
  return file;
}

Descriptor open_folder(const fs::path& path) {
  Descriptor folder(open_retrying(path, O_RDONLY | O_DIRECTORY, 0));
  check(folder.get(), "open folder", path);
  return folder;
}

void write_all(int descriptor, std::string_view bytes, const fs::path& name) {
  while (!bytes.empty()) {
    ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    check(int(count), "write", name);
    bytes.remove_prefix(std::size_t(count));
  }
}

void write_all_at(int descriptor, std::string_view bytes, std::uint64_t offset,
                  const fs::path& name) {
  while (!bytes.empty()) {
    ssize_t count = ::pwrite(descriptor, bytes.data(), bytes.size(), off_t(offset));
    if (count < 0 && errno == EINTR) continue;
    check(count < 0 ? -1 : 0, "write", name);
    bytes.remove_prefix(std::size_t(count));
    offset += std::uint64_t(count);
  }
}

std::string read_file(const fs::path& path, std::uint64_t limit) {
  Descriptor file = open_for_reading(path);
  std::string out;
  char buffer[16384];
  while (true) {
    ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    check(count < 0 ? -1 : 0, "read", path);
    if (count == 0) return out;
    out.append(buffer, std::size_t(count));
    if (out.size() > limit) throw InvalidArgument("read " + path.string(), "the file is too large");
  }
}

void sync_file(int descriptor, const fs::path& name) {
  Operation operation("file.sync", name.native());
  check(::fdatasync(descriptor), "sync", name);
}

void begin_writing_out(int descriptor, std::uint64_t offset, std::uint64_t length) {
  ::sync_file_range(descriptor, off64_t(offset), off64_t(length), SYNC_FILE_RANGE_WRITE);
}

void sync_file_system(const fs::path& path) {
  Operation operation("file.sync_all", path.string());
  Descriptor folder = open_folder(path);
  if (::syncfs(folder.get()) < 0) throw_errno(errno, "sync the file system of " + path.string());
}

void sync_folder(const fs::path& path) {
  Operation operation("file.sync_folder", path.native());
  Descriptor folder = open_folder(path);
  check(::fsync(folder.get()), "sync folder", path);
}

void write_file_durably(const fs::path& path, std::string_view bytes, unsigned mode) {
  fs::path temporary = path;
  temporary += ".tmp-" + random_hex(8);
  try {
    Descriptor file = create_file(temporary, mode);
    write_all(file.get(), bytes, temporary);
    sync_file(file.get(), temporary);
    file.close();
    rename_path(temporary, path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

void rename_path(const fs::path& from, const fs::path& to) {
  Operation operation("file.rename", to.native());
  check(::rename(from.c_str(), to.c_str()), "rename to", to);
}

void exchange_paths(const fs::path& a, const fs::path& b) {
  Operation operation("file.exchange", a.native());
  int result = ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
  if (result < 0 && errno == EINVAL) {
    throw Unsupported("exchange " + a.string(), "the file system cannot swap two names");
  }
  check(result, "exchange", a);
}

void rename_new(const fs::path& from, const fs::path& to) {
  Operation operation("file.rename", to.native());
  check(::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE), "rename to",
        to);
}

void remove_file(const fs::path& path) {
  Operation operation("file.remove", path.native());
  check(::unlink(path.c_str()), "remove", path);
}

bool remove_file_if_there(const fs::path& path) {
  Operation operation("file.remove", path.native());
  if (::unlink(path.c_str()) == 0) return true;
  if (errno != ENOENT) check(-1, "remove", path);
  return false;
}

void remove_tree(const fs::path& path) {
  Operation operation("file.remove_tree", path.native());
  std::error_code code;
  fs::remove_all(path, code);
  if (code) throw_errno(code.value(), "remove " + path.string());
}

void make_folder(const fs::path& path) {
  Operation operation("file.make_folder", path.native());
  if (::mkdir(path.c_str(), 0755) == 0) return;
  int number = errno;
  std::error_code code;
  if (number == EEXIST && fs::is_directory(path, code)) return;
  throw_errno(number, "make folder " + path.string());
}

void make_folders(const fs::path& path) {
  std::error_code code;
  if (path.empty() || fs::is_directory(path, code)) return;
  if (path.has_parent_path() && path.parent_path() != path) make_folders(path.parent_path());
  make_folder(path);
}

void link_file(const fs::path& from, const fs::path& to) {
  Operation operation("file.link", to.native());
  check(::link(from.c_str(), to.c_str()), "link", to);
}

bool path_exists(const fs::path& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) == 0) return true;
  if (errno != ENOENT && errno != ENOTDIR) check(-1, "look at", path);
  return false;
}

std::uint64_t free_space(const fs::path& path) {
  struct statvfs info{};
  check(::statvfs(path.c_str(), &info), "look at the free space of", path);
  return std::uint64_t(info.f_bavail) * info.f_frsize;
}

std::uint64_t size_of_file(const fs::path& path) {
  struct stat info{};
  check(::stat(path.c_str(), &info), "look at", path);
  return std::uint64_t(info.st_size);
}

namespace {

// One walk over a tree.
class Walk {
 public:
  explicit Walk(Links links) : links_(links) {}

  void enter(const fs::path& folder, const std::string& prefix, const struct stat& info) {
    if (above_.size() > 64) throw Refused("walk " + folder.string(), "it is nested too deeply");
    auto self = std::pair(info.st_dev, info.st_ino);
    if (std::find(above_.begin(), above_.end(), self) != above_.end()) {
      throw Refused("walk " + folder.string(), "a symlink leads back to a folder above it");
    }
    above_.push_back(self);
    std::error_code code;
    fs::directory_iterator entries(folder, code);
    for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
      take(entries->path(), prefix);
    }
    above_.pop_back();
    // A folder that vanished meanwhile held nothing.
    if (code && code.value() != ENOENT) throw_errno(code.value(), "list " + folder.string());
  }

  std::vector<WalkedFile> found;

 private:
  void take(const fs::path& path, const std::string& prefix) {
    std::string relative = prefix + path.filename().string();
    struct stat info{};
    if (::lstat(path.c_str(), &info) < 0) {
      if (errno == ENOENT) return;
      check(-1, "look at", path);
    }
    bool is_link = S_ISLNK(info.st_mode);
    if (is_link && links_ == Links::kFollowFolders &&
        (::stat(path.c_str(), &info) < 0 || !S_ISDIR(info.st_mode))) {
      return;
    }
    if (S_ISDIR(info.st_mode)) {
      enter(path, relative + "/", info);
    } else if (S_ISREG(info.st_mode) || is_link) {
      found.push_back({relative, path, is_link ? 0 : std::uint64_t(info.st_size),
                       std::uint64_t(info.st_ino), is_link});
    }
  }

  Links links_;
  std::vector<std::pair<dev_t, ino_t>> above_;
};

}  // namespace

std::vector<WalkedFile> walk_files(const fs::path& root, Links links) {
  struct stat info{};
  if (::stat(root.c_str(), &info) < 0 || !S_ISDIR(info.st_mode)) {
    throw NotFound("walk " + root.string(), "no such folder");
  }
  Walk walk(links);
  walk.enter(root, "", info);
  std::sort(walk.found.begin(), walk.found.end(),
            [](const WalkedFile& a, const WalkedFile& b) { return a.relative < b.relative; });
  return std::move(walk.found);
}

std::optional<FileLock> FileLock::try_lock(const fs::path& path) {
  while (true) {
    Descriptor file(open_retrying(path, O_RDWR | O_CREAT, 0644));
    check(file.get(), "open", path);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) check(-1, "lock", path);
      return std::nullopt;
    }
    // Whoever held it may have taken the file away since it was opened.
    struct stat ours{}, there{};
    check(::fstat(file.get(), &ours), "look at", path);
    if (::stat(path.c_str(), &there) == 0 && ours.st_ino == there.st_ino &&
        ours.st_dev == there.st_dev) {
      return FileLock(path, std::move(file));
    }
  }
}

void FileLock::remove() {
  std::error_code ignored;
  fs::remove(path_, ignored);
  descriptor_ = {};
}

TemporaryFolder::TemporaryFolder(const fs::path& parent)
    : path_(parent / ("holdfast-" + random_hex(8))) {
  check(::mkdir(path_.c_str(), 0700), "make folder", path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace holdfast
