// The folder's VersionedStore: settings, lists of versions, marks.
#pragma once

#include "storage/folder/folder_multipart.h"
#include "storage/folder/folder_objects.h"
#include "storage/versions.h"

namespace holdfast::storage {

class FolderVersions : public VersionedStore {
 public:
  FolderVersions(Core& core, FolderObjects& objects, FolderMultipart& multipart)
      : core_(core), objects_(objects), multipart_(multipart) {}

  BucketSettings settings(const Context& context, const std::string& bucket) override;
  void change_settings(const Context& context, const std::string& bucket,
                       const std::function<void(BucketSettings&)>& change) override;
  // Merges two lists, of objects and of records: costs what the page's keys cost.
  VersionPage list(const Context& context, const VersionListRequest& request) override;
  std::string change_marks(const Context& context, const ObjectRef& ref, bool bypass_governance,
                           const std::function<void(Marks&)>& change) override;
  void mark_upload(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                   const Marks& marks) override;

 private:
  Core& core_;
  FolderObjects& objects_;
  FolderMultipart& multipart_;
};

}  // namespace holdfast::storage
