// One table in the place of another by its name, for tables whose structure has changed. Every step
// looks first at what is there, so that all can be repeated after a kill.
#pragma once

#include "datastore/clickhouse/restore_journal.h"
#include "datastore/clickhouse/staging.h"

namespace holdfast::datastore::ch {

// `live` goes aside, `staging` takes its name; the views read the new one afterwards.
void rename_in(const Context& context, Server& server, const SwapTable& table);

// The other way round.
void rename_back(const Context& context, Server& server, const SwapTable& table);

// Materialized views that read the table.
std::vector<TableName> views_on(const Context& context, Server& server, const TableName& table);

}  // namespace holdfast::datastore::ch
