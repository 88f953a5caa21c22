// Where objects lie, and how they come and go there: the tree of folders under ROOT/BUCKET.
//
// An object is a regular file at the path of its key, or kSelf in the folder of that path once
// other objects lie below. Readers take no lock; they open the file, and what they opened stays as
// it was. Writers hold their key's lock. At no moment, also not after a crash, is an object that
// was there missing on its way from one form or version to the next.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <sys/stat.h>
#include <vector>

#include "storage/folder/core.h"
#include "storage/storage.h"

namespace holdfast::storage {

// An object's file, open for reading.
struct ObjectFile {
  Descriptor file;
  struct stat info{};
};

class ObjectTree {
 public:
  explicit ObjectTree(Core& core) : core_(core) {}

  // nullopt: no such object. Throws NotFound when there is no such bucket.
  std::optional<ObjectFile> open(const ObjectRef& ref) const;
  // The object at `name` in an open folder, in either form.
  std::optional<ObjectFile> open_in(int folder, const std::string& name) const;
  // The same when the file may not be read: it can be looked at, not more, and what is seen may be
  // another moment's than the name.
  std::optional<ObjectFile> look_in(int folder, const std::string& name) const;
  // Throws NotFound unless the bucket is there.
  void check_bucket(const std::string& bucket) const;
  Descriptor open_bucket(const std::string& bucket) const;

  // What becomes of the file that is replaced: it may become a spare one (spare_files.h), or has to
  // be gone, because something else goes with its last name.
  enum class Replaced { kMayBeSpare, kGoes };
  // Moves `file` (synced) to the object's place and makes that durable. `check` runs under the
  // key's lock right before, any number of times, and stops the move by throwing.
  void publish(const ObjectRef& ref, TemporaryFile& file, const std::function<Replaced()>& check);

  // Removes the object's file. Both hooks run under the key's lock, and only when there is one:
  // `check` right before (it may take the file, and stops the removal by throwing), `removed` right
  // after. False: there is none. Not yet durable: `folder` is set to the one settle() must see.
  struct RemovalHooks {
    std::function<void(ObjectFile&)> check;
    std::function<void()> removed;
  };
  bool remove(const ObjectRef& ref, const RemovalHooks& hooks, std::string& folder);
  // Removes the folders that became empty, up to the bucket, and makes the removals durable.
  void settle(const std::string& bucket, const std::set<std::string>& folders);

 private:
  struct Place {
    Descriptor folder;  // where the object's name lies
    std::string path;   // of that folder in the bucket, empty for the bucket itself
    std::string name;   // the last name
    bool made = false;  // folders were made for it, to be removed again if it is not used
  };
  std::optional<ObjectFile> open_form(int folder, const std::string& name) const;
  Place make_place(const ObjectRef& ref);
  Descriptor make_folders(const ObjectRef& ref, const std::vector<std::string>& names);
  void turn_into_folder(int folder, const std::string& name, const ObjectRef& ref);
  void copy_aside(int from, const std::string& name, int to);
  // Returns the folder to sync, or errno.
  bool exchange_in(const Place& place, TemporaryFile& file);
  Opened move_in(const ObjectRef& ref, const Place& place, TemporaryFile& file, Replaced replaced);
  void sync_above(const std::string& bucket, const std::string& path);
  std::string prune(int bucket, std::string path);

  Core& core_;
};

}  // namespace holdfast::storage
