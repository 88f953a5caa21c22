#include "retention/named.h"

#include <fmt/format.h>

namespace holdfast::retention {

std::vector<Verdict> apply_cutoff(const std::string& cutoff,
                                  const std::vector<NamedBackup>& backups) {
  const NamedBackup* newest = nullptr;
  for (const NamedBackup& backup : backups) {
    if (!backup.is_complete || !backup.date) continue;
    if (!newest || *newest->date <= *backup.date) newest = &backup;
  }
  std::vector<Verdict> verdicts;
  for (const NamedBackup& backup : backups) {
    if (!backup.is_complete && backup.is_abandoned) {
      verdicts.push_back({true, "never finished, and too old for a run to be working on it"});
    } else if (!backup.date) {
      verdicts.push_back({false, "no time in its name: never removed"});
    } else if (*backup.date >= cutoff) {
      verdicts.push_back({false, fmt::format("{}not older than {}",
                                             backup.is_complete ? "" : "broken, but ", cutoff)});
    } else if (&backup == newest) {
      verdicts.push_back({false, fmt::format("the newest good one, though older than {}", cutoff)});
    } else {
      verdicts.push_back({true, fmt::format("older than {}", cutoff)});
    }
  }
  return verdicts;
}

}  // namespace holdfast::retention
