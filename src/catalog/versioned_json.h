// JSON objects of ours carry `format` and `min_reader`, so that an older holdfast refuses what it
// would misread.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace holdfast::catalog {

// Corrupt when `text` is no JSON object of this format; Unsupported when it wants a reader newer
// than `reader`.
nlohmann::json parse_versioned(std::string_view text, std::string_view format, int reader);

}  // namespace holdfast::catalog
