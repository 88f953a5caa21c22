#include "retention/chains.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace holdfast::retention {

std::vector<Verdict> apply_chains(std::uint64_t keep, const std::vector<ChainedBackup>& backups) {
  std::vector<Verdict> verdicts(backups.size());
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < backups.size(); ++i) places[backups[i].name] = i;
  std::map<std::size_t, std::string> needed_by;
  std::uint64_t counted = 0;
  // From the newest: by the time a backup is judged, every one that may need it has been, unless
  // its parent claims to be younger. The walk to the root covers that too.
  for (std::size_t i = backups.size(); i-- > 0;) {
    const ChainedBackup& backup = backups[i];
    if (!backup.is_complete) {
      verdicts[i] = backup.is_abandoned
                        ? Verdict{true, "broken, and too old for a run to be working on it"}
                        : Verdict{false, "not complete, but a run may be working on it"};
      continue;
    }
    ++counted;
    if (keep > 0 && counted > keep) {
      verdicts[i] = {true, fmt::format("not among the newest {}", keep)};
      continue;
    }
    verdicts[i] = {false,
                   keep == 0 ? "all are kept" : fmt::format("{} of the newest {}", counted, keep)};
    for (std::size_t at = i;;) {
      auto parent = places.find(backups[at].parent);
      if (parent == places.end() || !needed_by.emplace(parent->second, backup.name).second) break;
      at = parent->second;
    }
  }
  for (const auto& [place, child] : needed_by) {
    if (verdicts[place].remove) verdicts[place] = {false, child + " needs it"};
  }
  return verdicts;
}

}  // namespace holdfast::retention
