// The policy of a form that a browser sends: until when it may be sent, and what its fields and the
// file may be. Whoever signed the policy allowed exactly that. Pure: the time is given.
// Source: AWS "POST policy" of the S3 API reference.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace holdfast::gateway {

// Names in lower case.
using FormFields = std::vector<std::pair<std::string, std::string>>;

struct FileLimits {
  std::uint64_t least = 0, most = UINT64_MAX;  // bytes
};

// Checks `fields` (with `bucket` among them, as the form's own address says it) against the policy,
// JSON text; returns what the file must keep to. InvalidArgument (code InvalidPolicyDocument) when
// it is no policy; AccessDenied (code AccessDenied) when it has expired, when a condition does not
// hold, or when a field is there that no condition names.
FileLimits check_policy(std::string_view policy, const FormFields& fields, WallTime now);

}  // namespace holdfast::gateway
