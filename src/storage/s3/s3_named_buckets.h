// Buckets that somebody else makes and whose names are known: no rights on the account are needed.
#pragma once

#include <map>

#include "storage/storage.h"

namespace holdfast::storage {

// Tells the names of `named` (each with the setting that names it) as the list, asks `inner` about
// one, and makes and removes none (AccessDenied). Both are borrowed.
class S3NamedBuckets : public BucketStore {
 public:
  S3NamedBuckets(BucketStore& inner, const std::map<std::string, std::string>& named)
      : inner_(inner), named_(named) {}
  // Does not look whether they are there, and tells no time of creation.
  std::vector<BucketInfo> list(const Context& context) override;
  void create(const Context& context, const std::string& name) override;
  void remove(const Context& context, const std::string& name) override;
  BucketInfo info(const Context& context, const std::string& name) override;

 private:
  BucketStore& inner_;
  const std::map<std::string, std::string>& named_;
};

}  // namespace holdfast::storage
