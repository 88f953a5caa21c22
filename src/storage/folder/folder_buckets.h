// Buckets are the folders in ROOT whose names are names of buckets.
#pragma once

#include "storage/folder/folder_objects.h"
#include "storage/storage.h"

namespace holdfast::storage {

class FolderBuckets : public BucketStore {
 public:
  FolderBuckets(Core& core, FolderObjects& objects) : core_(core), objects_(objects) {}
  std::vector<BucketInfo> list(const Context& context) override;
  void create(const Context& context, const std::string& name) override;
  // Uploads that are under way in it are aborted.
  void remove(const Context& context, const std::string& name) override;
  BucketInfo info(const Context& context, const std::string& name) override;

 private:
  void remove_empty_folders(const std::string& path);
  bool holds_versions(const Context& context, const std::string& name);

  Core& core_;
  FolderObjects& objects_;
};

}  // namespace holdfast::storage
