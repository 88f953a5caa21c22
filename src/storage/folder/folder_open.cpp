#include "storage/folder/folder_open.h"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "storage/folder/file_copy.h"
#include "storage/folder/key_path.h"
#include "storage/folder/label_store.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kSmallFile = 4096;
// The first line of ROOT/.hf~sys/format, and what follows for the two places of labels.
constexpr std::string_view kFormat = "holdfast folder 1\n";
constexpr std::string_view kXattrs = "labels in attributes\n";
constexpr std::string_view kSideFiles = "labels in files\n";
constexpr std::int64_t kOddTime = 1234567890123456789;  // to see what times the file system keeps
constexpr std::int64_t kFineTime = 1000;                // nanoseconds that it may be off

std::string text_of(const FolderOptions& options) { return "folder " + options.root.string(); }

void open_root(const FolderOptions& options, Core& core) {
  if (!options.read_only && !path_exists(options.root)) {
    make_folder(options.root);
    fs::path above = fs::absolute(options.root).lexically_normal();
    if (!above.has_filename()) above = above.parent_path();
    sync_folder(above.parent_path());
  }
  core.root = open_folder(options.root);
}

Descriptor system_folder(Core& core, int in, const std::string& name) {
  bool make = !core.options.read_only;
  Opened opened = open_or_make_folder(in, name, make);
  if (opened.error == ENOENT && !make) return {};
  check_file(opened.error, "open " + name + " of " + text_of(core.options));
  return std::move(opened.file);
}

void open_system(Core& core) {
  core.system = system_folder(core, core.root.get(), std::string(kSystem));
  if (!core.system) return;
  int system = core.system.get();
  core.temporary = system_folder(core, system, "tmp");
  core.labels = system_folder(core, system, "labels");
  core.pending = system_folder(core, system, "pending");
  core.links = system_folder(core, system, "links");
  core.uploads = system_folder(core, system, "uploads");
  core.settings = system_folder(core, system, "buckets");
  core.records = system_folder(core, system, "records");
  core.old = system_folder(core, system, "old");
  core.removals = system_folder(core, system, "removals");
}

FileLock take_lock(Core& core) {
  const fs::path path = core.options.root / kSystem / "lock";
  auto lock = FileLock::try_lock(path);
  if (!lock) {
    ReadFile holder = read_small(core.system.get(), "lock", kSmallFile);
    while (!holder.bytes.empty() && holder.bytes.back() == '\n') holder.bytes.pop_back();
    throw Refused(
        "open " + text_of(core.options),
        "another process writes to it" + (holder.bytes.empty() ? "" : " (" + holder.bytes + ")"),
        "stop that one, or let this one use its gateway");
  }
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  std::string holder = "process " + std::to_string(::getpid()) + " on " + std::string(host) + "\n";
  if (::ftruncate(lock->descriptor(), 0) < 0) throw_file_error(errno, "write " + path.string());
  check_file(write_at(lock->descriptor(), holder, 0), "write " + path.string());
  return std::move(*lock);
}

// What nobody can still be writing: the lock is ours.
void remove_leftovers(Core& core) {
  std::vector<std::pair<std::string, unsigned char>> names;
  read_folder(core.temporary.get(), [&](const char* name, unsigned char type) {
    names.emplace_back(name, type);
    return true;
  });
  for (const auto& [name, type] : names) {
    int error = type == DT_DIR ? remove_all_at(core.temporary.get(), name)
                               : remove_at(core.temporary.get(), name);
    check_file(error, "remove the temporary " + name + " of " + text_of(core.options));
  }
}

bool keeps_attributes(Core& core) {
  TemporaryFile file(core);
  return ::fsetxattr(file.file(), kLabelAttribute, "probe", 5, 0) == 0;
}

bool shares_blocks(Core& core) {
  TemporaryFile from(core), to(core);
  return write_at(from.file(), std::string(kSmallFile, 'x'), 0) == 0 &&
         share_blocks(from.file(), to.file());
}

void require_renames_and_links(Core& core) {
  auto refuse = [&](const char* what) {
    throw Unsupported("use " + text_of(core.options), std::string("its file system has no ") + what,
                      "put it on ext4, xfs, btrfs or another local file system");
  };
  const int temporary = core.temporary.get();
  TemporaryFile a(core), b(core);
  struct stat info{};
  if (::fstat(a.file(), &info) < 0) throw_file_error(errno, "look at a temporary file");
  int error = exchange_at(temporary, a.name(), temporary, b.name());
  if (error == EINVAL || error == ENOSYS || error == EOPNOTSUPP) {
    refuse("exchange of two names in one step (renameat2)");
  }
  check_file(error, "exchange two names in " + text_of(core.options));
  TemporaryFile link(core, core.unique_name(), Descriptor());
  error = link_at(temporary, a.name(), temporary, link.name());
  if (error != 0) refuse("hard links");
  core.spares.enable(temporary, info, core.options.resting_files);
  if (core.use_xattrs) return;
  check_file(set_modified(a.file(), kOddTime), "set a time in " + text_of(core.options));
  if (::fstat(a.file(), &info) < 0) throw_file_error(errno, "look at a temporary file");
  if (std::abs(modified_of(info) - kOddTime) > kFineTime) {
    refuse("extended attributes, nor times fine enough to do without");
  }
}

// Reads how the labels of this folder are kept, or decides it once for all.
void settle_format(Core& core) {
  const std::string what = "open " + text_of(core.options);
  ReadFile read;
  read.error = ENOENT;
  if (core.system) read = read_small(core.system.get(), "format", kSmallFile);
  if (read.error == ENOENT && core.options.read_only) return;  // nobody but people wrote here yet
  if (read.error == ENOENT) {
    core.use_xattrs = core.options.labels != LabelPlace::kFiles && keeps_attributes(core);
    write_durably_at(core, core.system.get(), "format",
                     std::string(kFormat) + std::string(core.use_xattrs ? kXattrs : kSideFiles));
    return;
  }
  check_file(read.error, what);
  if (read.bytes == std::string(kFormat) + std::string(kXattrs)) {
    core.use_xattrs = true;
  } else if (read.bytes == std::string(kFormat) + std::string(kSideFiles)) {
    core.use_xattrs = false;
  } else {
    throw Refused(what, "another version of holdfast made it", "use a holdfast as new as that one");
  }
  if (core.use_xattrs && !core.options.read_only && !keeps_attributes(core)) {
    throw Unsupported(what, "its objects carry extended attributes, which this file system lacks",
                      "move it back, with a tool that copies attributes (rsync -X, cp -a)");
  }
}

}  // namespace

OpenedFolder open_folder_core(const Context& context, const FolderOptions& options) {
  OpenedFolder out;
  out.core = std::make_unique<Core>();
  Core& core = *out.core;
  core.options = options;
  open_root(options, core);
  if (options.read_only) {
    open_system(core);
    settle_format(core);
    return out;
  }
  core.system = system_folder(core, core.root.get(), std::string(kSystem));
  out.lock = take_lock(core);
  open_system(core);
  remove_leftovers(core);
  core.record_files = system_folder(core, core.temporary.get(), "records");
  settle_format(core);
  require_renames_and_links(core);
  core.reflinks = shares_blocks(core);
  // A process that was killed may have made folders that are not durable yet.
  if (::syncfs(core.root.get()) < 0) throw_file_error(errno, "sync " + text_of(options));
  log::debug(context, text_of(options) + " is open, labels in " +
                          (core.use_xattrs ? "attributes" : "files") +
                          (core.reflinks ? ", copies share blocks" : ", copies are links"));
  return out;
}

}  // namespace holdfast::storage
