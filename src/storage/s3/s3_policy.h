// What an access key of AWS must be allowed for holdfast, and the rule that cleans up behind it.
// Pure.
#pragma once

#include <string>
#include <vector>

namespace holdfast::storage {

// The documented policy (IAM JSON, version 2012-10-17) with these buckets, indented by four blanks.
std::string s3_policy(const std::vector<std::string>& buckets);

// A lifecycle configuration (JSON, as `aws s3api put-bucket-lifecycle-configuration` takes it) that
// removes the parts of unfinished uploads after a week: the policy allows nobody else to.
std::string s3_lifecycle();

}  // namespace holdfast::storage
