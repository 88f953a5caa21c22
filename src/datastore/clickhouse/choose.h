// Which parts of a table are sent, and which are in the chain already. Pure but for reading the
// frozen files.
#pragma once

#include <string>
#include <vector>

#include "datastore/clickhouse/base.h"
#include "datastore/clickhouse/freeze.h"
#include "datastore/clickhouse/part.h"

namespace holdfast::datastore::ch {

// A frozen part and what becomes of it.
struct ChosenPart {
  FrozenPart frozen;
  PartFacts facts;
  std::string name;                      // in the backup
  const ManifestPart* stored = nullptr;  // in the chain; null: it is sent
};

// In insertion order. A part that is stored under another name gets that name, so that
// clickhouse-backup finds it too; where another part of the table has it, the part is sent again.
std::vector<ChosenPart> choose_parts(const Context& context, const TableName& table,
                                     const std::vector<FrozenPart>& parts, const Base* base);

}  // namespace holdfast::datastore::ch
