// Files and folders with the durability that backups need. Every function throws by errno
// (base/error.h) and every change passes an Operation named "file.<verb>", so that tests can kill
// or fail it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/stream.h"

namespace holdfast {

namespace fs = std::filesystem;

// Owns a descriptor. Movable.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  void close();

 private:
  int number_ = -1;
};

Descriptor open_for_reading(
    const fs::path& path);  // O_NOFOLLOW is not set: callers decide what they follow
Descriptor create_file(const fs::path& path, unsigned mode = 0644);  // fails if it exists
Descriptor open_folder(const fs::path& path);

void write_all(int descriptor, std::string_view bytes, const fs::path& name);
void write_all_at(int descriptor, std::string_view bytes, std::uint64_t offset,
                  const fs::path& name);
std::string read_file(const fs::path& path, std::uint64_t limit);

void sync_file(int descriptor, const fs::path& name);  // fdatasync
// Tells the disk to begin with these bytes, and does not wait: a sync later finds less to do. Only
// a hint; whatever it cannot do, the sync does.
void begin_writing_out(int descriptor, std::uint64_t offset, std::uint64_t length);
void sync_folder(const fs::path& path);
// All that was written to the file system that holds `path` is on the disk: for thousands of files.
void sync_file_system(const fs::path& path);

// Atomically makes `path` hold `bytes`, durable on return: temporary file beside it, fsync, rename,
// fsync of the folder.
void write_file_durably(const fs::path& path, std::string_view bytes, unsigned mode = 0644);

void rename_path(const fs::path& from, const fs::path& to);
// Swaps two paths in one step (RENAME_EXCHANGE). Throws Unsupported where the file system cannot.
void exchange_paths(const fs::path& a, const fs::path& b);
// Renames unless `to` exists (then PreconditionFailed).
void rename_new(const fs::path& from, const fs::path& to);
void remove_file(const fs::path& path);  // NotFound if it is not there
bool remove_file_if_there(const fs::path& path);
void remove_tree(const fs::path& path);  // nothing when it is not there; never follows a symlink
void make_folder(const fs::path& path);  // nothing when it is there; a file: PreconditionFailed
void make_folders(const fs::path& path);
void link_file(const fs::path& from, const fs::path& to);

bool path_exists(const fs::path& path);          // false only when it is certainly not there
std::uint64_t free_space(const fs::path& path);  // bytes an unprivileged process may still write
std::uint64_t size_of_file(const fs::path& path);

struct WalkedFile {
  std::string relative;  // with '/', the links' own names, not their targets'
  fs::path path;
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  bool is_link = false;  // a symlink that was not followed
};
enum class Links { kFollowFolders, kKeep };
// Every regular file under `root` (and, with kKeep, every symlink), sorted by `relative`. With
// kFollowFolders a symlink to a folder is walked under its own name and one that points nowhere is
// skipped; one that leads back above itself throws Refused. What vanishes meanwhile is skipped.
std::vector<WalkedFile> walk_files(const fs::path& root, Links links);

// An exclusive advisory lock on a file (created if needed); freed when it goes out of scope.
class FileLock {
 public:
  // nullopt when another process holds it.
  static std::optional<FileLock> try_lock(const fs::path& path);
  int descriptor() const { return descriptor_.get(); }
  // Takes the file away, and with it the lock: the next one locks a file of its own.
  void remove();

 private:
  FileLock(fs::path path, Descriptor descriptor)
      : path_(std::move(path)), descriptor_(std::move(descriptor)) {}
  fs::path path_;
  Descriptor descriptor_;
};

// A folder of its own under `parent` (default: the system's), removed with all it holds at the end
// of scope.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const fs::path& parent = fs::temp_directory_path());
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~TemporaryFolder();
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace holdfast
