// How numbers and tables look to people. Stable: scripts read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/zone.h"

namespace holdfast::cli {

std::string format_bytes(std::uint64_t bytes);  // 0B, 34.41KiB, 1.20GiB
std::string format_duration(Duration time);     // 0.4s, 12s, 3m05s, 2h10m
std::string format_list_time(WallTime time);    // 17/06/2024 18:50:00, UTC
// A whole number from `least` to `most`; InvalidArgument naming `what` otherwise.
std::int64_t parse_number(std::string_view text, std::string_view what, std::int64_t least,
                          std::int64_t most);
// `text` as RFC 3339, or `now` when there is none; InvalidArgument naming `what` otherwise.
WallTime parse_time_or(std::string_view text, std::string_view what, WallTime now);
// "local" or a name of the zone database; InvalidArgument otherwise.
Zone parse_zone(std::string_view text);
// Columns padded to their widest cell, `gap` blanks between, no blanks at line ends.
std::string format_table(const std::vector<std::vector<std::string>>& rows, std::size_t gap = 2);
// "90", "90s", "5m", "2h", "1d"; InvalidArgument naming `what` otherwise.
Duration parse_duration(std::string_view text, std::string_view what);

}  // namespace holdfast::cli
