#include "storage/s3/s3_policy.h"

#include <nlohmann/json.hpp>

namespace holdfast::storage {

namespace {

using Json = nlohmann::ordered_json;

Json statement(const char* name, const Json& actions, const std::vector<std::string>& buckets,
               const char* behind) {
  Json resources = Json::array();
  for (const std::string& bucket : buckets) {
    resources.push_back("arn:aws:s3:::" + bucket + behind);
  }
  return {{"Sid", name}, {"Effect", "Allow"}, {"Action", actions}, {"Resource", resources}};
}

}  // namespace

std::string s3_policy(const std::vector<std::string>& buckets) {
  const Json policy = {
      {"Version", "2012-10-17"},
      {"Statement", Json::array({statement("AllowListMinioBackupBuckets",
                                           {"s3:ListBucket", "s3:GetBucketLocation"}, buckets, ""),
                                 statement("AllowWriteMinioBackupBuckets",
                                           {"s3:PutObject", "s3:GetObject", "s3:DeleteObject"},
                                           buckets, "/*")})}};
  return policy.dump(4);
}

std::string s3_lifecycle() {
  const Json rule = {{"ID", "holdfast-unfinished-uploads"},
                     {"Status", "Enabled"},
                     {"Filter", {{"Prefix", ""}}},
                     {"AbortIncompleteMultipartUpload", {{"DaysAfterInitiation", 7}}}};
  return Json({{"Rules", Json::array({rule})}}).dump(4);
}

}  // namespace holdfast::storage
