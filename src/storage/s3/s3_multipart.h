// Objects made of parts, on an S3 endpoint.
#pragma once

#include "storage/s3/s3_endpoint.h"

namespace holdfast::storage {

// `endpoint` must outlive it.
class S3Multipart : public MultipartStore {
 public:
  explicit S3Multipart(S3Endpoint& endpoint) : endpoint_(endpoint) {}
  std::string create(const Context& context, const ObjectRef& ref, const Attributes& attributes,
                     std::optional<Checksum> checksum_kind,
                     const EncryptionRequest& encryption) override;
  PartInfo put_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                    unsigned number, Source& body, const PutRequest& request) override;
  // Asks for the source's size first when the range does not tell the part's.
  PartInfo copy_part(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     unsigned number, const ObjectRef& source,
                     const CopyPartRequest& request) override;
  PutResult complete(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                     const std::vector<CompletedPart>& parts, const Condition& condition) override;
  void abort(const Context& context, const ObjectRef& ref, const std::string& upload_id) override;
  PartPage parts(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                 unsigned after, unsigned limit) override;
  UploadPage uploads(const Context& context, const UploadListRequest& request) override;

 private:
  S3Endpoint& endpoint_;
};

}  // namespace holdfast::storage
