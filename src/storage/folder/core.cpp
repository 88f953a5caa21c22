#include "storage/folder/core.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"

namespace holdfast::storage {

void Core::check_space(std::uint64_t bytes) const {
  struct statvfs info{};
  if (::fstatvfs(root.get(), &info) < 0) {
    throw_file_error(errno, "look at the free space of " + options.root.string());
  }
  std::uint64_t free = std::uint64_t(info.f_bavail) * info.f_frsize;
  if (free < options.reserved_bytes || free - options.reserved_bytes < bytes) {
    throw NoSpace("write to " + options.root.string(), "the folder's volume is full",
                  "free some space or give the folder's volume more");
  }
}

void Core::check_writable(const std::string& what) const {
  if (options.read_only) {
    throw Refused(what, "the folder " + options.root.string() + " is open for reading only");
  }
}

TemporaryFile::TemporaryFile(Core& core) : folder_(core.temporary.get()) {
  if (auto spare = core.spares.take()) {
    name_ = std::move(spare->name);
    file_ = std::move(spare->file);
    return;
  }
  name_ = core.unique_name();
  Opened created = create_at(folder_, name_);
  if (!created) {
    throw_file_error(created.error, "make a temporary file in " + core.options.root.string());
  }
  file_ = std::move(created.file);
}

TemporaryFile TemporaryFile::kept_in(int folder, std::string name, Descriptor file) {
  TemporaryFile out;
  out.folder_ = folder;
  out.name_ = std::move(name);
  out.file_ = std::move(file);
  out.keep_ = true;
  return out;
}

TemporaryFile::~TemporaryFile() {
  if (!name_.empty() && !keep_) ::unlinkat(folder_, name_.c_str(), 0);
}

void write_durably_at(Core& core, int folder, const std::string& name, std::string_view bytes) {
  TemporaryFile file(core);
  const std::string what = "write " + name;
  check_file(write_at(file.file(), bytes, 0), what);
  check_file(sync_data(file.file(), file.name()), what);
  check_file(rename_at(core.temporary.get(), file.name(), folder, name), what);
  file.moved();
  core.folder_sync.sync(folder, name);
}

Opened open_or_make_folder(int folder, const std::string& name, bool make) {
  Opened opened = open_folder_at(folder, name);
  if (opened.error != ENOENT || !make) return opened;
  int error = make_folder_at(folder, name);
  if (error != 0 && error != EEXIST) return {Descriptor(), error};
  error = sync_folder_of(folder, name);
  if (error != 0) return {Descriptor(), error};
  return open_folder_at(folder, name);
}

}  // namespace holdfast::storage
