// JSON objects of ours carry `format` and `min_reader`, so that an older holdfast refuses what it
// would misread.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/clock.h"

namespace holdfast::catalog {

// Corrupt when `text` is no JSON object of this format; Unsupported when it wants a reader newer
// than `reader`.
nlohmann::json parse_versioned(std::string_view text, std::string_view format, int reader);

// A time in such an object: RFC 3339, of the years 2000 to 2199, so that no difference of two of
// them overflows. Throws InvalidArgument or nlohmann's error.
WallTime time_in(const nlohmann::json& value);

}  // namespace holdfast::catalog
