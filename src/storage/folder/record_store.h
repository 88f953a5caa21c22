// Where the records of keys, the settings of buckets and the files of old versions lie
// (docs/formats/versions.md). Thread-safe; whoever changes a key's record or its old files holds
// that key's lock (Core::locks).
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "storage/folder/key_record.h"
#include "storage/folder/label_store.h"
#include "storage/folder/lister.h"
#include "storage/folder/names_cache.h"
#include "storage/folder/object_tree.h"

namespace holdfast::storage {

class RecordStore {
 public:
  explicit RecordStore(Core& core);

  // Of a bucket that nobody changed: the defaults. Does not look whether the bucket is there.
  std::shared_ptr<const BucketSettings> settings(const std::string& bucket) const;
  // Durable on return. One change of settings at a time.
  void change_settings(const std::string& bucket,
                       const std::function<void(BucketSettings&)>& change);

  // False: no key of the bucket has a record, and nothing needs to be looked up.
  bool has_records(const std::string& bucket) const;
  // Empty when there is none. Throws Corrupt.
  KeyRecord read(const ObjectRef& ref) const;
  // Durable on return; an empty record is removed.
  void write(const ObjectRef& ref, const KeyRecord& record);
  // Keys that have records, as Storage::list lists keys.
  ListPage keys(const Context& context, const ListRequest& request);

  // Gives a file another name among the old versions, durably. Its `revision` is the name.
  void keep_file(const ObjectRef& ref, const ObjectFile& file, const std::string& revision);
  std::optional<ObjectFile> open_kept(const std::string& bucket, const std::string& revision) const;
  // Another name of the kept file, in Core::temporary.
  TemporaryFile link_kept(const ObjectRef& ref, const std::string& revision);
  void remove_kept(const std::string& bucket, const std::string& revision);

  // Whether anything is kept for a bucket of that name, there or not.
  bool knows(const std::string& bucket) const;
  // Forgets all of a bucket that has been removed, and that holds no version.
  void forget_bucket(const std::string& bucket);

 private:
  struct BucketState {
    std::shared_ptr<const BucketSettings> settings;
    std::atomic<bool> has_records{false};
  };
  std::shared_ptr<BucketState> state(const std::string& bucket) const;
  std::shared_ptr<BucketState> load(const std::string& bucket) const;
  void remove_record(const ObjectRef& ref);

  Core& core_;
  // The tree of records is one of files like that of objects, so the same code keeps and lists it.
  mutable Core shadow_;
  ObjectTree tree_;
  LabelStore labels_;
  NamesCache names_;
  Lister lister_;
  mutable std::shared_mutex mutex_;
  std::mutex changing_;
  mutable std::unordered_map<std::string, std::shared_ptr<BucketState>> states_;
};

}  // namespace holdfast::storage
