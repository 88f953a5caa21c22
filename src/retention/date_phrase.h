// The phrases that GNU date takes after -d (coreutils 9.1, C locale): "30 days ago", "last monday",
// "2026-01-31 03:00 +1 month". Written from how the program behaves; tests/oracles/gnu-date.tsv has
// its own answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/zone.h"

namespace holdfast::retention {

// The moment that `text` means at `now` for a clock in `zone`; fractions of a second are cut
// downwards. Years may lie far outside of WallTime. Throws InvalidArgument when date would refuse
// the text, and for TZ="..." with an unknown zone.
std::chrono::sys_seconds moment_of_phrase(std::string_view text, std::chrono::sys_seconds now,
                                          const Zone& zone);

}  // namespace holdfast::retention
