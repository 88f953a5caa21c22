// Files named relative to an open folder, never through a symbolic link and never outside it.
//
// The callers decide by errno what a failure means, so these functions return it (0: done) and do
// not throw. Every change passes an Operation named "file.<verb>" (base/operation.h), whose
// injected error is thrown.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include "base/file.h"

namespace holdfast::storage {

// A descriptor, or why there is none.
struct Opened {
  Descriptor file;
  int error = 0;
  explicit operator bool() const { return error == 0; }
};

// Opens `path`, whose names are separated by single '/', below `folder`. ELOOP when a symbolic link
// stands anywhere on the way. O_CLOEXEC is added. Paths longer than the system takes are walked.
Opened open_at(int folder, const std::string& path, int flags, unsigned mode = 0);
Opened open_folder_at(int folder, const std::string& path);  // readable, so that it can be synced
// The same by one step a name: what kernels without openat2 get.
Opened open_by_steps(int folder, const std::string& path, int flags, unsigned mode = 0);

Opened create_at(int folder, const std::string& name);  // fails with EEXIST; mode 0644
int make_folder_at(int folder, const std::string& name);
int remove_at(int folder, const std::string& name);
int remove_folder_at(int folder, const std::string& name);  // only an empty one
int rename_at(int from, const std::string& name, int to, const std::string& new_name);
int exchange_at(int from, const std::string& name, int to, const std::string& other);
// Gives the file that is open another name; ENOENT when it has no name left.
int link_open_file(int file, int folder, const std::string& name);
int link_at(int from, const std::string& name, int to, const std::string& new_name);
int set_attribute(int file, const char* name, std::string_view value);
// The attribute of the file `name` itself, which is not opened; -1 and errno as fgetxattr has them,
// or ENOSYS: kernels before 6.13 cannot.
ssize_t read_attribute_at(int folder, const std::string& name, const char* attribute,
                          std::span<char> into);
int set_modified(int file, std::int64_t nanoseconds);
int sync_data(int file, const std::string& name);  // fsync: bytes, size and attributes
int sync_folder_of(int folder, const std::string& name);
int write_at(int file, std::string_view bytes, std::uint64_t offset);  // all of it

// Reads all of a small file; EFBIG beyond `limit`.
struct ReadFile {
  std::string bytes;
  int error = 0;
};
ReadFile read_small(int folder, const std::string& path, std::size_t limit);

// Calls `each` with every name but . and .. and its type (DT_REG, DT_DIR, ...; asked from the file
// where the folder does not tell). Not sorted. Returns errno; `each` returns false to stop.
int read_folder(int folder, const std::function<bool(const char* name, unsigned char type)>& each);
// The same with a folder that was opened only for this and not read yet: one open less.
int read_folder(Descriptor folder,
                const std::function<bool(const char* name, unsigned char type)>& each);

// Removes a folder with all it holds; nothing when it is not there. For the few levels of the
// system folder: it keeps a descriptor a level.
int remove_all_at(int folder, const std::string& name);

std::int64_t modified_of(const struct stat& info);  // nanoseconds since 1970

// Throws what belongs to errno `number`, with what to do about it.
[[noreturn]] void throw_file_error(int number, const std::string& what);
inline void check_file(int number, const std::string& what) {
  if (number != 0) throw_file_error(number, what);
}

}  // namespace holdfast::storage
