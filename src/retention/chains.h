// Which backups of chains stay: the newest N, full and incremental alike, and every one that a kept
// one needs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "retention/verdict.h"

namespace holdfast::retention {

struct ChainedBackup {
  std::string name;
  std::string parent;         // what it builds on; empty: nothing
  bool is_complete = true;    // else it is broken, and never one of the N
  bool is_abandoned = false;  // of a broken one: old enough that no run can be working on it
};

// A verdict each, in the order given, which is oldest first. keep == 0 keeps all complete ones. The
// newest complete one always stays.
std::vector<Verdict> apply_chains(std::uint64_t keep, const std::vector<ChainedBackup>& backups);

}  // namespace holdfast::retention
