// How long backups of StackGraph and of settings are kept: the key backupRetentionTimeDelta, in
// both its grammars.
//
// "30 days ago"           a phrase of GNU date (date_phrase.h)
// "days = 30, hours = 2"  the older form, the arguments of a Python timedelta; it is read, never
// run as a program
#pragma once

#include <chrono>
#include <string_view>

#include "base/clock.h"
#include "base/zone.h"

namespace holdfast::retention {

// The moment that `text` means at `now` for a clock in `zone`, in whole seconds. It may lie in the
// future ("30 days" without "ago") and far outside of WallTime. Throws InvalidArgument. Text above
// 1 KiB is refused.
std::chrono::sys_seconds moment_of_delta(std::string_view text, std::chrono::sys_seconds now,
                                         const Zone& zone);

// The same held within what WallTime can say. Backups from before this moment are to be removed;
// one from exactly then stays.
WallTime cutoff_of(std::string_view text, WallTime now, const Zone& zone);

}  // namespace holdfast::retention
