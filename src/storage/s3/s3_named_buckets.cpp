#include "storage/s3/s3_named_buckets.h"

namespace holdfast::storage {

std::vector<BucketInfo> S3NamedBuckets::list(const Context&) {
  std::vector<BucketInfo> buckets;
  for (const auto& [name, setting] : named_) buckets.push_back({name, WallTime{}});
  return buckets;
}

void S3NamedBuckets::create(const Context& context, const std::string& name) {
  check_bucket_name(name);
  if (named_.contains(name)) {
    inner_.info(context, name);
    throw PreconditionFailed::with_code(kBucketExists, "create bucket " + name, "it is there");
  }
  throw AccessDenied("create bucket " + name, "buckets are made in the S3 storage itself",
                     "create it there and name it in the values");
}

void S3NamedBuckets::remove(const Context&, const std::string& name) {
  throw AccessDenied("remove bucket " + name, "buckets are removed in the S3 storage itself");
}

BucketInfo S3NamedBuckets::info(const Context& context, const std::string& name) {
  return inner_.info(context, name);
}

}  // namespace holdfast::storage
