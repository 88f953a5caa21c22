// Old servers, and newer ones of tables of the old syntax, keep the folders of parts that were
// dropped or replaced for a while, and take them for live again when they are restarted meanwhile
// (docs/design/clickhouse.md).
#pragma once

#include "base/context.h"
#include "datastore/clickhouse/schema.h"

namespace holdfast::datastore::ch {

// On return no folder of the table would come to life again. Does nothing where none can.
// DeadlineExceeded when something still reads such a part after a quarter of an hour.
void settle(const Context& context, Server& server, const Schema& schema, const TableName& table);

// Where a part's rows lie: blocks `first` to `last` of a partition.
struct BlockRange {
  std::string partition;
  std::int64_t first = 0, last = 0;
  bool covers(const BlockRange& other) const {
    return partition == other.partition && first <= other.first && other.last <= last;
  }
};
// Of a part's name; first > last for names without.
BlockRange block_range_of(std::string_view part);

}  // namespace holdfast::datastore::ch
