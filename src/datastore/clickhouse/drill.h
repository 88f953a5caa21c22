// The databases that drills fill: named after the drill's scratch folder, noted beside the data so
// that those of killed drills are found, and measured by reading every column.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "datastore/clickhouse/schema.h"
#include "datastore/datastore.h"

namespace holdfast::datastore::ch {

// The database of the drill whose scratch folder this is.
std::string scratch_database(const fs::path& scratch);

// Before the database is made.
void note_drill(const fs::path& data_path, const fs::path& scratch);

// Whether a drill left a note here, running or not.
bool drill_was_noted(const fs::path& data_path);

// Drops the databases of drills whose scratch folder is gone; a line each.
std::vector<std::string> remove_ended_drills(const Context& context, Server& server,
                                             const Schema& schema, const fs::path& data_path);

// Rows of every table of that database, each of whose columns was read. Corrupt when the server
// cannot read one.
Measurement measure_scratch(const Context& context, Server& server, const std::string& database);

// Rows of the live tables that fit.
Measurement measure_live(const Context& context, Server& server, const Schema& schema,
                         const std::vector<std::string>& patterns);

}  // namespace holdfast::datastore::ch
