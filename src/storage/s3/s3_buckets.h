// Buckets of an S3 endpoint.
#pragma once

#include "storage/s3/s3_endpoint.h"

namespace holdfast::storage {

// `endpoint` must outlive it. info() does not tell when the bucket was created.
class S3Buckets : public BucketStore {
 public:
  explicit S3Buckets(S3Endpoint& endpoint) : endpoint_(endpoint) {}
  std::vector<BucketInfo> list(const Context& context) override;
  void create(const Context& context, const std::string& name) override;
  void remove(const Context& context, const std::string& name) override;
  BucketInfo info(const Context& context, const std::string& name) override;

 private:
  S3Endpoint& endpoint_;
};

}  // namespace holdfast::storage
