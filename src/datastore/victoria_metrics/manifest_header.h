// The first line of a manifest as JSON.
#pragma once

#include <string>
#include <string_view>

#include "datastore/victoria_metrics/manifest.h"

namespace holdfast::datastore::vm {

std::string format_header(const ManifestHeader& header);
// Unsupported when `min_reader` is above what this holdfast reads; InvalidArgument when malformed.
ManifestHeader parse_header(std::string_view json);

}  // namespace holdfast::datastore::vm
