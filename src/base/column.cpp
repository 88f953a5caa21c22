#include "base/column.h"

#include <algorithm>

namespace holdfast {

std::size_t column_of(std::string_view text, std::size_t offset) {
  text = text.substr(0, offset);
  auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return 1 + static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins));
}

std::string shown_in_error(std::string_view text, std::size_t most) {
  std::string shown(text.substr(0, most));
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return c < ' ' || c == 127; }, '?');
  return shown;
}

}  // namespace holdfast
