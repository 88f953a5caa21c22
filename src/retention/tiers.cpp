#include "retention/tiers.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <set>

#include "base/error.h"

namespace holdfast::retention {

std::vector<Verdict> apply_tiers(const TierPolicy& policy, const std::vector<DatedCopy>& copies) {
  if (policy.keep_daily < 0 || policy.keep_weekly < 0) {
    throw InvalidArgument("retention of dated copies", "a number of copies to keep is negative");
  }
  std::vector<std::size_t> newest_first(copies.size());
  std::iota(newest_first.begin(), newest_first.end(), 0);
  std::sort(newest_first.begin(), newest_first.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(copies[a].time, copies[a].name) > std::tie(copies[b].time, copies[b].name);
  });
  std::vector<Verdict> verdicts(copies.size());
  std::set<std::chrono::weeks> weeks;
  for (std::size_t rank = 0; rank < newest_first.size(); ++rank) {
    Verdict& verdict = verdicts[newest_first[rank]];
    if (rank == 0) {
      verdict = {false, "the newest"};
      continue;
    }
    if (rank < static_cast<std::size_t>(policy.keep_daily)) {
      verdict = {false, fmt::format("one of the newest {}", policy.keep_daily)};
      continue;
    }
    auto week =
        std::chrono::floor<std::chrono::weeks>(copies[newest_first[rank]].time.time_since_epoch());
    if (weeks.contains(week)) {
      verdict = {true, "a newer one of its week is kept"};
    } else if (weeks.size() < static_cast<std::size_t>(policy.keep_weekly)) {
      weeks.insert(week);
      verdict = {false, fmt::format("the newest of its week, week {} of {}", weeks.size(),
                                    policy.keep_weekly)};
    } else {
      verdict = {true, fmt::format("older than the newest {} and the {} weeks after them",
                                   policy.keep_daily, policy.keep_weekly)};
    }
  }
  return verdicts;
}

}  // namespace holdfast::retention
