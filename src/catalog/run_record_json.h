// Run records as JSON values, for the objects that hold several.
#pragma once

#include <nlohmann/json.hpp>

#include "catalog/run_record.h"

namespace holdfast::catalog {

nlohmann::json json_of(const RunRecord& record);
// Corrupt when it is no record.
RunRecord record_of(const nlohmann::json& json);

}  // namespace holdfast::catalog
