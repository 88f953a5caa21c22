// How the stores stand as JSON: what `holdfast status --output json` prints and the scheduler's
// HTTP API answers. Fields are only ever added (docs/guide/metrics.md).
#pragma once

#include <string>
#include <vector>

#include "job/status.h"

namespace holdfast::job {

// {"version", "time", "stores": [...]} and a newline. Times are RFC 3339 in UTC, durations seconds;
// what is not known is null. Bytes that are not UTF-8 are replaced.
std::string status_json(const std::vector<StoreStatus>& stores, WallTime now);

}  // namespace holdfast::job
