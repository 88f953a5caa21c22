// Objects made of parts: their blocks are the only record of them.
#pragma once

#include "storage/azure/azure_block_id.h"
#include "storage/azure/azure_endpoint.h"
#include "storage/azure/azure_upload_id.h"

namespace holdfast::storage {

// `endpoint` must outlive it. Azure keeps the blocks of one blob together, so that whatever is
// published under a key ends the uploads of that key (NoSuchUpload).
class AzureMultipart : public MultipartStore {
 public:
  AzureMultipart(AzureEndpoint& endpoint, const Capabilities& capabilities)
      : endpoint_(endpoint), capabilities_(capabilities) {}
  std::string create(const Context& context, const ObjectRef& ref, const Attributes& attributes,
                     std::optional<Checksum> checksum_kind,
                     const EncryptionRequest& encryption) override;
  // Does not look whether the upload was aborted: such a part can never be published.
  PartInfo put_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                    unsigned number, Source& body, const PutRequest& request) override;
  // The bytes pass through here: Azure does not tell the MD5 of a stretch that it copies.
  PartInfo copy_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     unsigned number, const ObjectRef& source,
                     const CopyPartRequest& request) override;
  PutResult complete(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     const std::vector<CompletedPart>& parts, const Condition& condition) override;
  // Leaves a mark; Azure removes the blocks after a week, or when the key is written.
  void abort(const Context& context, const ObjectRef& ref, const std::string& upload_id) override;
  PartPage parts(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                 unsigned after, unsigned limit) override;
  // Unsupported: Azure does not list them.
  UploadPage uploads(const Context& context, const UploadListRequest& request) override;

 private:
  AzureUpload open(const ObjectRef& ref, const std::string& upload_id) const;
  StagedUpload staged(const Context& context, const ObjectRef& ref, const AzureUpload& upload);
  void mark(const Context& context, const ObjectRef& ref, const std::string& tag, unsigned index);

  AzureEndpoint& endpoint_;
  const Capabilities& capabilities_;
};

}  // namespace holdfast::storage
