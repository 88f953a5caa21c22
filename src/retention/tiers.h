// Which dated copies of a VictoriaMetrics backup stay: the newest ones, then one a week (the
// chart's script).
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "retention/verdict.h"

namespace holdfast::retention {

struct DatedCopy {
  std::string name;
  WallTime time;
};

struct TierPolicy {
  int keep_daily = 0;   // so many of the newest
  int keep_weekly = 0;  // of the rest the newest of each week, for so many weeks
};

// One verdict for each copy, in the same order; the newest copy always stays. Weeks are spans of
// seven days counted from 1 January 1970, so they begin on Thursdays at 00:00 UTC. Of copies from
// the same time the greater name counts as newer. Throws InvalidArgument when a number is negative.
std::vector<Verdict> apply_tiers(const TierPolicy& policy, const std::vector<DatedCopy>& copies);

}  // namespace holdfast::retention
