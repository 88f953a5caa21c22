#include "storage/folder/folder_buckets.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

bool is_bucket_name(const std::string& name) {
  try {
    check_bucket_name(name);
    return true;
  } catch (const InvalidArgument&) {
    return false;
  }
}

// The time of a folder's birth; of its last change on file systems that do not keep births.
WallTime birth_of(int root, const std::string& name) {
  struct statx info{};
  if (::statx(root, name.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_CTIME, &info) < 0) {
    if (errno == ENOENT) throw_no_such_bucket(name);
    throw_file_error(errno, "look at bucket " + name);
  }
  const auto& time = (info.stx_mask & STATX_BTIME) != 0 ? info.stx_btime : info.stx_ctime;
  return WallTime(std::chrono::seconds(time.tv_sec));
}

}  // namespace

std::vector<BucketInfo> FolderBuckets::list(const Context&) {
  std::vector<std::string> names;
  int error = read_folder(core_.root.get(), [&](const char* name, unsigned char type) {
    if (type == DT_DIR && is_bucket_name(name)) names.push_back(name);
    return true;
  });
  check_file(error, "list the buckets of " + core_.options.root.string());
  std::sort(names.begin(), names.end());
  std::vector<BucketInfo> buckets;
  for (const std::string& name : names) {
    try {
      buckets.push_back({name, birth_of(core_.root.get(), name)});
    } catch (const NotFound&) {
      continue;  // removed meanwhile
    }
  }
  return buckets;
}

void FolderBuckets::create(const Context& context, const std::string& name) {
  check_bucket_name(name);
  core_.check_writable("create bucket " + name);
  core_.check_space(0);
  // Left by a removal that was cut off; versions, which such a bucket cannot have, would stay.
  struct stat info{};
  bool absent = ::fstatat(core_.root.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0;
  if (absent && objects_.records().knows(name) && !holds_versions(context, name)) {
    objects_.records().forget_bucket(name);
  }
  Unsettled unsettled(core_);
  int error = make_folder_at(core_.root.get(), name);
  if (error == EEXIST) {
    struct stat there{};
    bool is_folder = ::fstatat(core_.root.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
                     S_ISDIR(there.st_mode);
    if (!is_folder) {
      throw Failed("create bucket " + name,
                   "a link or a file of that name is in the way, and links are not followed",
                   "move the folder itself to " + (core_.options.root / name).string() +
                       ", or mount it there");
    }
    throw PreconditionFailed::with_code(kBucketExists, "bucket " + name, "it exists already");
  }
  check_file(error, "create bucket " + name);
  core_.folder_sync.sync(core_.root.get(), name);
}

void FolderBuckets::remove_empty_folders(const std::string& path) {
  std::vector<std::string> folders;
  {
    Opened folder = open_folder_at(core_.root.get(), path);
    if (!folder) return;
    read_folder(folder.file.get(), [&](const char* name, unsigned char type) {
      if (type == DT_DIR) folders.push_back(name);
      return true;
    });
  }
  for (const std::string& name : folders) {
    remove_empty_folders(path + "/" + name);
    Opened folder = open_folder_at(core_.root.get(), path);
    if (folder) remove_folder_at(folder.file.get(), name);
  }
}

bool FolderBuckets::holds_versions(const Context& context, const std::string& name) {
  ListRequest request{.bucket = name};
  do {
    ListPage page = objects_.records().keys(context, request);
    for (const ObjectInfo& key : page.objects) {
      const KeyRecord record = objects_.records().read({name, key.key});
      if (!others_of(record, nullptr).empty()) return true;
    }
    request.cursor = page.next;
  } while (!request.cursor.empty());
  return false;
}

void FolderBuckets::remove(const Context& context, const std::string& name) {
  core_.check_writable("remove bucket " + name);
  objects_.tree().check_bucket(name);
  auto not_empty = [&](const char* why) {
    throw PreconditionFailed::with_code(kBucketNotEmpty, "bucket " + name, why,
                                        "remove that first");
  };
  if (objects_.lister().holds_object(name)) not_empty("it holds objects");
  if (holds_versions(context, name)) not_empty("it holds versions");
  remove_empty_folders(name);
  int error = remove_folder_at(core_.root.get(), name);
  if (error == ENOTEMPTY || error == EEXIST) not_empty("it holds something");
  if (error == ENOENT) throw_no_such_bucket(name);
  check_file(error, "remove bucket " + name);
  core_.folder_sync.sync(core_.root.get(), name);
  objects_.records().forget_bucket(name);
  objects_.labels().forget_bucket(name);
  check_file(remove_all_at(core_.uploads.get(), name), "abort the uploads of bucket " + name);
}

BucketInfo FolderBuckets::info(const Context&, const std::string& name) {
  objects_.tree().check_bucket(name);
  return {name, birth_of(core_.root.get(), name)};
}

}  // namespace holdfast::storage
