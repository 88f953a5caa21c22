// Multipart uploads of the folder backend.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "storage/folder/folder_objects.h"
#include "storage/folder/upload.h"
#include "storage/storage.h"

namespace holdfast::storage {

class FolderMultipart : public MultipartStore {
 public:
  FolderMultipart(Core& core, FolderObjects& objects) : core_(core), objects_(objects) {}

  std::string create(const Context& context, const ObjectRef& ref, const Attributes& attributes,
                     std::optional<Checksum> checksum_kind,
                     const EncryptionRequest& encryption) override;
  PartInfo put_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                    unsigned number, Source& body, const PutRequest& request) override;
  PartInfo copy_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     unsigned number, const ObjectRef& source,
                     const CopyPartRequest& request) override;
  // An upload that was completed before answers the same again, as long as its object is there.
  PutResult complete(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     const std::vector<CompletedPart>& parts, const Condition& condition) override;
  void abort(const Context& context, const ObjectRef& ref, const std::string& upload_id) override;
  PartPage parts(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                 unsigned after, unsigned limit) override;
  UploadPage uploads(const Context& context, const UploadListRequest& request) override;

  // Durably notes the marks that the upload's object shall have.
  void mark(const ObjectRef& ref, const std::string& upload_id, const Marks& marks);

  // At start: removes uploads that were completed but not cleared away, and those never begun.
  void clean(const Context& context);

 private:
  Marks marks_of(const ObjectRef& ref, const std::string& upload_id) const;
  std::shared_ptr<Upload> find(const ObjectRef& ref, const std::string& upload_id);
  void remember(const std::string& upload_id, std::shared_ptr<Upload> upload);
  void forget(const std::string& bucket, const std::string& upload_id);
  std::optional<PutResult> finished_before(const ObjectRef& ref, const std::string& upload_id);
  std::vector<std::string> upload_ids(const std::string& bucket);
  std::optional<UploadStart> read_start(const std::string& bucket, const std::string& upload_id);

  Core& core_;
  FolderObjects& objects_;
  std::mutex mutex_;
  // Uploads in use, and the last used ones so that their journals are not read again and again.
  std::unordered_map<std::string, std::weak_ptr<Upload>> known_;
  std::list<std::shared_ptr<Upload>> recent_;
};

}  // namespace holdfast::storage
