// The visible steps of a backup's life: its manifest, its marker, its removal.
#pragma once

#include <string>
#include <string_view>

#include "base/progress.h"
#include "datastore/clickhouse/bucket.h"

namespace holdfast::datastore::ch {

// Before the marker, which makes it count.
void put_manifest(const Context& context, const Place& place, const std::string& backup,
                  std::string_view bytes, Fence& fence);

// The commit: metadata.json, only if there is none. Refused when another run wrote one under this
// name. An unknown outcome is resolved by looking.
void put_marker(const Context& context, const Place& place, const std::string& backup,
                std::string_view bytes, Fence& fence);

// Marker first, then data, manifest last; a rerun finishes it.
void remove_folder(const Context& context, const Place& place, const std::string& backup,
                   Fence& fence);

}  // namespace holdfast::datastore::ch
