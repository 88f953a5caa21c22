// The few rules of text that HTTP headers and S3 parameters share. Pure, ASCII only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::gateway {

std::string to_lower(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
// Without blanks, tabs and line ends at both ends.
std::string_view trim(std::string_view text);
// The trimmed pieces between `separator`; empty ones are left out.
std::vector<std::string_view> split_list(std::string_view text, char separator);
// Digits only; nullopt for anything else, or beyond 64 bits.
std::optional<std::uint64_t> parse_number(std::string_view text);
// Whether the text may stand in a header that we send: no control characters but tab.
bool is_header_value(std::string_view text);

}  // namespace holdfast::gateway
