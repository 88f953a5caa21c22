// What in a data folder belongs to VictoriaMetrics, and whether a folder is one. Source: what 1.79
// and 1.122 make, and where newer servers keep their index (docs/formats/victoria-metrics.md).
//
// Whatever else lies in the data folder (a backup storage, a folder of somebody's) is never
// entered, never removed and never given to another owner.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace holdfast::datastore::vm {

// The folders at the top that a backup replaces.
const std::vector<std::string>& data_names();  // data, indexdb, metadata
// Those whose content means nothing beside other data.
const std::vector<std::string>& cache_names();  // cache, snapshots, tmp
// The folders that hold files of backups, and nothing else: data/small, ..., indexdb, metadata.
const std::vector<std::string>& server_folders();

// Whether `path` (relative to the data folder) is one of server_folders(), below one, or above one.
bool belongs_to_server(std::string_view path);

// Whether a server keeps data here. One that ran always leaves a layout to be known by.
bool is_data_folder(const fs::path& path);

// Why nothing may be restored into this folder: it holds something, and that is not
// VictoriaMetrics'. Empty: a data folder, an empty one, or none at all. Names that are nobody's
// data (lost+found, locks, what is ours) do not count.
std::string not_a_data_folder_because(const fs::path& path);

// What lies in `data` itself and is none of the server's: a swap would take it away. Empty:
// nothing.
std::string stranger_in_data(const fs::path& data_path);

// The first of data_names() that is a symlink: what is behind it is not for a restore to change.
// Empty: none.
std::string linked_name(const fs::path& data_path);

}  // namespace holdfast::datastore::vm
