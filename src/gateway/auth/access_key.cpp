#include "gateway/auth/access_key.h"

#include <algorithm>

namespace holdfast::gateway {

std::vector<Grant> catalog_grants(const std::string& catalog_bucket,
                                  const std::string& catalog_prefix, const std::string& store,
                                  bool prunes) {
  const VerbSet verbs{Verb::kRead, Verb::kList, Verb::kWriteNew, Verb::kOverwrite};
  VerbSet of_records = verbs;
  if (prunes) of_records.add(Verb::kDelete);
  return {{catalog_bucket, catalog_prefix + "leases/" + store, verbs},
          {catalog_bucket, catalog_prefix + "runs/" + store, of_records}};
}

namespace {

bool covers_bucket(const Grant& grant, std::string_view bucket) {
  return grant.bucket.empty() || grant.bucket == bucket;
}

}  // namespace

bool Permissions::allows(Verb verb, std::string_view bucket, std::string_view object_key) const {
  if (key_->root) return true;
  const bool in_catalog =
      !catalog_prefix_.empty() && object_key.substr(0, catalog_prefix_.size()) == catalog_prefix_;
  return std::any_of(key_->grants.begin(), key_->grants.end(), [&](const Grant& grant) {
    const std::string_view prefix = grant.prefix;
    return grant.allow.has(verb) && covers_bucket(grant, bucket) &&
           object_key.substr(0, prefix.size()) == prefix &&
           (!in_catalog || prefix.substr(0, catalog_prefix_.size()) == catalog_prefix_);
  });
}

bool Permissions::allows_list(std::string_view bucket, std::string_view prefix) const {
  return allows(Verb::kList, bucket, prefix);
}

bool Permissions::sees_bucket(std::string_view bucket) const {
  return key_->root ||
         std::any_of(key_->grants.begin(), key_->grants.end(),
                     [&](const Grant& grant) { return covers_bucket(grant, bucket); });
}

bool Permissions::allows_bucket(Verb verb, std::string_view bucket) const {
  return key_->root ||
         std::any_of(key_->grants.begin(), key_->grants.end(), [&](const Grant& grant) {
           return covers_bucket(grant, bucket) && grant.prefix.empty() && grant.allow.has(verb);
         });
}

}  // namespace holdfast::gateway
