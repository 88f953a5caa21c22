// Containers as buckets.
#pragma once

#include "storage/azure/azure_endpoint.h"

namespace holdfast::storage {

// `endpoint` must outlive it. A bucket counts as created when its container was last changed:
// Azure tells nothing else.
class AzureBuckets : public BucketStore {
 public:
  explicit AzureBuckets(AzureEndpoint& endpoint) : endpoint_(endpoint) {}
  std::vector<BucketInfo> list(const Context& context) override;
  void create(const Context& context, const std::string& name) override;
  // Looks first whether anything is in it: Azure would remove that too.
  void remove(const Context& context, const std::string& name) override;
  BucketInfo info(const Context& context, const std::string& name) override;

 private:
  AzureEndpoint& endpoint_;
};

}  // namespace holdfast::storage
