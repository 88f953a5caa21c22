// Which known name a mistyped one was meant to be.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

// Letters to insert, remove or replace to make one of the other; letters that differ in case only
// count as none when `fold` is set. Both are cut at 256 bytes.
std::size_t edit_distance(std::string_view a, std::string_view b, bool fold = false);

// The candidate with the smallest distance, the first of equals; empty without candidates.
std::string nearest_of(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace holdfast::config
