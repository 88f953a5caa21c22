#include "storage/folder/object_tree.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "storage/folder/file_copy.h"
#include "storage/folder/key_path.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

constexpr int kOpenFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY;  // never waits for a fifo's writer
constexpr int kMostAttempts = 1000;  // of a writer whose folder others keep removing

std::string joined(const std::vector<std::string>& names, std::size_t count) {
  std::string path;
  for (std::size_t i = 0; i < count; ++i) path += (i > 0 ? "/" : "") + names[i];
  return path;
}

[[noreturn]] void throw_restless(const std::string& name) {
  throw Unavailable("open " + name, "it changes its form all the time");
}

bool nothing_there(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENXIO;
}

}  // namespace

std::optional<ObjectFile> ObjectTree::open_in(int folder, const std::string& name) const {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    const std::uint64_t uses = core_.spares.started();
    std::optional<ObjectFile> found = open_form(folder, name);
    // Another process's uses are not counted here.
    const bool certain = !core_.options.read_only && core_.spares.started() == uses;
    if (!found || certain) return found;
    const auto still = look_in(folder, name);
    if (still && still->info.st_ino == found->info.st_ino) return found;
  }
  throw_restless(name);
}

std::optional<ObjectFile> ObjectTree::open_form(int folder, const std::string& name) const {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    Opened opened = open_at(folder, name, kOpenFlags);
    if (nothing_there(opened.error)) return std::nullopt;
    check_file(opened.error, "open " + name);
    ObjectFile found{std::move(opened.file), {}};
    if (::fstat(found.file.get(), &found.info) < 0) throw_file_error(errno, "look at " + name);
    if (S_ISREG(found.info.st_mode)) return found;
    if (!S_ISDIR(found.info.st_mode)) return std::nullopt;
    opened = open_at(folder, name + "/" + std::string(kSelf), kOpenFlags);
    if (opened.error == ENOTDIR) continue;  // it became a file meanwhile
    if (nothing_there(opened.error)) return std::nullopt;
    check_file(opened.error, "open " + name);
    found.file = std::move(opened.file);
    if (::fstat(found.file.get(), &found.info) < 0) throw_file_error(errno, "look at " + name);
    if (!S_ISREG(found.info.st_mode)) return std::nullopt;
    return found;
  }
  throw_restless(name);
}

std::optional<ObjectFile> ObjectTree::look_in(int folder, const std::string& name) const {
  for (const std::string& path : {name, name + "/" + std::string(kSelf)}) {
    Opened opened = open_at(folder, path, O_PATH);
    if (!opened) return std::nullopt;
    ObjectFile found{std::move(opened.file), {}};
    if (::fstat(found.file.get(), &found.info) < 0) return std::nullopt;
    if (S_ISREG(found.info.st_mode)) return found;
    if (!S_ISDIR(found.info.st_mode)) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<ObjectFile> ObjectTree::open(const ObjectRef& ref) const {
  auto found = open_in(core_.root.get(), ref.bucket + "/" + path_of_key(ref.key));
  if (!found) check_bucket(ref.bucket);
  return found;
}

void ObjectTree::check_bucket(const std::string& bucket) const {
  struct stat info{};
  check_bucket_name(bucket);
  if (::fstatat(core_.root.get(), bucket.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0) {
    if (errno == ENOENT) throw_no_such_bucket(bucket);
    throw_file_error(errno, "look at bucket " + bucket);
  }
  if (!S_ISDIR(info.st_mode)) throw_no_such_bucket(bucket);
}

Descriptor ObjectTree::open_bucket(const std::string& bucket) const {
  check_bucket_name(bucket);
  Opened opened = open_folder_at(core_.root.get(), bucket);
  if (nothing_there(opened.error)) throw_no_such_bucket(bucket);
  check_file(opened.error, "open bucket " + bucket);
  return std::move(opened.file);
}

ObjectTree::Place ObjectTree::make_place(const ObjectRef& ref) {
  std::vector<std::string> names = names_of_key(ref.key);
  Place place{Descriptor(), joined(names, names.size() - 1), names.back()};
  std::string path = ref.bucket + (place.path.empty() ? "" : "/" + place.path);
  Opened opened = open_folder_at(core_.root.get(), path);
  if (opened) {
    place.folder = std::move(opened.file);
    return place;
  }
  if (opened.error != ENOENT && opened.error != ENOTDIR) {
    check_file(opened.error, "open the folder of " + ref.text());
  }
  place.folder = make_folders(ref, names);
  place.made = true;
  return place;
}

Descriptor ObjectTree::make_folders(const ObjectRef& ref, const std::vector<std::string>& names) {
  const std::string what = "make the folder of " + ref.text();
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    Descriptor current = open_bucket(ref.bucket);
    std::size_t depth = 0;
    for (; depth + 1 < names.size(); ++depth) {
      const std::string& name = names[depth];
      Opened next = open_folder_at(current.get(), name);
      if (next.error == ENOENT) {
        Unsettled unsettled(core_);
        int error = make_folder_at(current.get(), name);
        if (error == ENOENT) break;  // the folder around it was removed: from the start
        if (error != EEXIST) check_file(error, what);
        core_.folder_sync.sync(current.get(), name);
        next = open_folder_at(current.get(), name);
      }
      if (next.error == ENOTDIR) {
        // The names up to here are those of a key that is an object.
        turn_into_folder(current.get(), name, {ref.bucket, joined(names, depth + 1)});
        next = open_folder_at(current.get(), name);
      }
      if (next.error == ENOENT || next.error == ENOTDIR) break;
      check_file(next.error, what);
      current = std::move(next.file);
    }
    if (depth + 1 == names.size()) return current;
  }
  throw Unavailable(what, "others remove it all the time");
}

void ObjectTree::copy_aside(int from, const std::string& name, int to) {
  const std::string self(kSelf);
  Opened source = open_at(from, name, kOpenFlags);
  check_file(source.error, "open " + name);
  Opened copy = create_at(to, self);
  check_file(copy.error, "copy " + name);
  copy_file_exactly(source.file.get(), copy.file.get(), name);
  check_file(sync_data(copy.file.get(), self), "sync the copy of " + name);
}

void ObjectTree::turn_into_folder(int folder, const std::string& name, const ObjectRef& path) {
  std::lock_guard lock(core_.locks.of(path.text()));
  struct stat info{};
  if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0) return;
  if (S_ISDIR(info.st_mode)) return;
  if (!S_ISREG(info.st_mode)) {
    throw Refused("make folder " + path.text(), "something that is no object stands in its place",
                  "remove what was put there by hand");
  }
  const std::string aside = core_.unique_name(), what = "make folder " + path.text();
  const int temporary = core_.temporary.get();
  check_file(make_folder_at(temporary, aside), what);
  try {
    Opened built = open_folder_at(temporary, aside);
    check_file(built.error, what);
    int error = link_at(folder, name, built.file.get(), std::string(kSelf));
    if (error == EMLINK) {
      copy_aside(folder, name, built.file.get());
    } else {
      check_file(error, what);
    }
    check_file(sync_folder_of(built.file.get(), aside), what);
    Unsettled unsettled(core_);
    std::string above = path.text();
    above.resize(above.size() - name.size() - 1);
    {
      ChangeLog::Change change(core_.changes, above, name);
      check_file(exchange_at(temporary, aside, folder, name), what);
    }
    core_.folder_sync.sync(folder, name);
    check_file(remove_at(temporary, aside), what);
  } catch (...) {
    // Either still the folder that was built, or already the file that stood in its place.
    ::unlinkat(temporary, (aside + "/" + std::string(kSelf)).c_str(), 0);
    ::unlinkat(temporary, aside.c_str(), AT_REMOVEDIR);
    ::unlinkat(temporary, aside.c_str(), 0);
    throw;
  }
}

Opened ObjectTree::move_in(const ObjectRef& ref, const Place& place, TemporaryFile& file,
                           Replaced replaced) {
  std::string folder = ref.bucket + (place.path.empty() ? "" : "/" + place.path);
  ChangeLog::Change change(core_.changes, folder, place.name);
  if (replaced == Replaced::kMayBeSpare && exchange_in(place, file)) return {Descriptor(), 0};
  int error = rename_at(file.folder(), file.name(), place.folder.get(), place.name);
  if (error == 0) return {Descriptor(), 0};
  if (error != EISDIR) return {Descriptor(), error};
  Opened inside = open_folder_at(place.folder.get(), place.name);
  if (!inside) return inside;
  error = rename_at(file.folder(), file.name(), inside.file.get(), std::string(kSelf));
  return {std::move(inside.file), error};
}

// Instead of a rename, where the file that is replaced can be used again (spare_files.h).
bool ObjectTree::exchange_in(const Place& place, TemporaryFile& file) {
  const int temporary = core_.temporary.get();
  struct stat old{}, taken{};
  if (file.folder() != temporary || file.file() < 0) return false;
  const auto look = [](int folder, const std::string& name, struct stat& info) {
    return ::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
  };
  if (!look(place.folder.get(), place.name, old) || !core_.spares.wants(old)) return false;
  if (exchange_at(temporary, file.name(), place.folder.get(), place.name) != 0) return false;
  if (look(temporary, file.name(), taken) && taken.st_ino == old.st_ino) {
    file.exchanged();
    return true;
  }
  // Somebody put something else there by hand in between, a folder perhaps.
  check_file(exchange_at(temporary, file.name(), place.folder.get(), place.name),
             "put " + place.name);
  return false;
}

void ObjectTree::publish(const ObjectRef& ref, TemporaryFile& file,
                         const std::function<Replaced()>& check) {
  const std::string lock_name = ref.bucket + "/" + path_of_key(ref.key);
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    Place place = make_place(ref);
    Opened moved;
    try {
      std::lock_guard lock(core_.locks.of(lock_name));
      moved = move_in(ref, place, file, check());
      bool removed_meanwhile = moved.error == ENOENT || moved.error == ENOTDIR;
      if (removed_meanwhile) continue;
      check_file(moved.error, "put " + ref.text());
    } catch (...) {
      if (place.made) prune(open_bucket(ref.bucket).get(), place.path);
      throw;
    }
    if (!file.is_moved()) file.moved();
    try {
      core_.folder_sync.sync(moved.file ? moved.file.get() : place.folder.get(), ref.key);
      if (core_.unsettled_folders > 0) sync_above(ref.bucket, place.path);
    } catch (const Error& error) {
      throw Unavailable("put " + ref.text(),
                        "it is in place, but perhaps not durable: " + error.to_string());
    }
    if (std::string replaced = file.take_name(); !replaced.empty()) {
      core_.spares.give(std::move(replaced));
    }
    return;
  }
  throw Unavailable("put " + ref.text(), "others remove its folder all the time");
}

// Another writer is making folders that this object may lie in, and may fail to make them durable:
// this one then sees to it.
void ObjectTree::sync_above(const std::string& bucket, const std::string& path) {
  std::string above = bucket + "/" + path;
  while (true) {
    Opened folder = open_folder_at(core_.root.get(), above);
    if (folder) core_.folder_sync.sync(folder.file.get(), above);
    std::size_t slash = above.rfind('/');
    if (slash == std::string::npos) break;
    above.resize(slash);
  }
  core_.folder_sync.sync(core_.root.get(), bucket);
}

bool ObjectTree::remove(const ObjectRef& ref, const RemovalHooks& hooks, std::string& folder) {
  std::vector<std::string> names = names_of_key(ref.key);
  const std::string path = joined(names, names.size() - 1), what = "remove " + ref.text();
  std::lock_guard lock(core_.locks.of(ref.bucket + "/" + path_of_key(ref.key)));
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    Opened parent = open_folder_at(core_.root.get(), ref.bucket + (path.empty() ? "" : "/" + path));
    if (nothing_there(parent.error)) return false;
    check_file(parent.error, what);
    auto found = open_in(parent.file.get(), names.back());
    if (!found) return false;
    hooks.check(*found);
    ChangeLog::Change change(core_.changes, ref.bucket + (path.empty() ? "" : "/" + path),
                             names.back());
    int error = remove_at(parent.file.get(), names.back());
    folder = path;
    if (error == EISDIR || error == EPERM) {
      Opened inside = open_folder_at(parent.file.get(), names.back());
      if (inside.error == ENOTDIR || inside.error == ENOENT) continue;
      check_file(inside.error, what);
      error = remove_at(inside.file.get(), std::string(kSelf));
      folder = path + (path.empty() ? "" : "/") + names.back();
    }
    if (error == ENOENT) continue;  // its form changed: once more
    check_file(error, what);
    hooks.removed();
    return true;
  }
  throw Unavailable(what, "it changes its form all the time");
}

std::string ObjectTree::prune(int bucket, std::string path) {
  while (!path.empty()) {
    std::size_t slash = path.rfind('/');
    std::string above = slash == std::string::npos ? "" : path.substr(0, slash);
    std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    Descriptor own;
    int parent = bucket;
    if (!above.empty()) {
      Opened opened = open_folder_at(bucket, above);
      if (!opened && opened.error != ENOENT) return path;
      own = std::move(opened.file);
      parent = own.get();
    }
    if (parent >= 0) {
      int error = remove_folder_at(parent, name);
      if (error != 0 && error != ENOENT) return path;
    }
    path = above;
  }
  return path;
}

void ObjectTree::settle(const std::string& bucket, const std::set<std::string>& folders) {
  if (folders.empty()) return;
  Descriptor root = open_bucket(bucket);
  std::set<std::string> staying;
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
    staying.insert(prune(root.get(), *folder));
  }
  for (std::string folder : staying) {
    while (!folder.empty()) {
      Opened opened = open_folder_at(root.get(), folder);
      if (opened) {
        core_.folder_sync.sync(opened.file.get(), folder);
        break;
      }
      // Another remover took it: the removal is durable with the folder around it.
      std::size_t slash = folder.rfind('/');
      folder.resize(slash == std::string::npos ? 0 : slash);
    }
    if (folder.empty()) core_.folder_sync.sync(root.get(), bucket);
  }
}

}  // namespace holdfast::storage
