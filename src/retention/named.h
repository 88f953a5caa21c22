// Backups whose names tell their time: exports of StackGraph and of settings. Pure.
//
// As the scripts that made them first do it: the time in a name and the cutoff are compared as
// texts, so that a format whose texts do not sort as its times do keeps and removes by the text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "retention/verdict.h"

namespace holdfast::retention {

struct NamedBackup {
  std::string name;
  std::optional<std::string> date;  // none: never removed, unless it is broken
  bool is_complete = true;
  // Of a broken one: it never was complete, and no run can be working on it any more.
  bool is_abandoned = false;
};

// A verdict each, in their order. What is before the cutoff goes, but for the newest complete one
// by its date; what is abandoned goes whatever its date.
std::vector<Verdict> apply_cutoff(const std::string& cutoff,
                                  const std::vector<NamedBackup>& backups);

}  // namespace holdfast::retention
