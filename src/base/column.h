// Where in a text something is wrong, for people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast {

// The column of the byte at `offset`, in characters of UTF-8, from 1. An offset behind the end is
// one column behind the last.
std::size_t column_of(std::string_view text, std::size_t offset);

// At most `most` bytes of a text from outside, as an error may show it: control characters are
// question marks, so that no second line can be forged.
std::string shown_in_error(std::string_view text, std::size_t most = 128);

}  // namespace holdfast
