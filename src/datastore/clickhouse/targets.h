// Which tables of a backup are restored, under which names, and what must be made for them first.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "datastore/clickhouse/resolve.h"
#include "datastore/clickhouse/schema.h"
#include "datastore/datastore.h"

namespace holdfast::datastore::ch {

// Something of the backup that the server does not have.
struct Missing {
  std::string kind;  // "DATABASE", "FUNCTION", "TABLE": also views and dictionaries
  TableName name;    // of a database or function: `database` alone
  std::string query;
};

// A table whose rows are restored.
struct Target {
  const NeededTable* needed = nullptr;
  TableName live;
  std::vector<const NeededPart*> parts;  // those of the wanted partitions
};

struct Targets {
  std::vector<Target> tables;
  std::vector<Missing> missing;  // in the order in which they are made
  std::vector<std::string> warnings;
};

// Under --as, tables with rows alone are restored, into that database: views would read the old
// one.
Targets choose_targets(const Resolved& resolved, const PlanRequest& request, const Schema& schema);

// The live name of an inner table whose view got another UUID than it had at backup time; others
// keep theirs. `schema` is the server's as it is when the rows are put in place.
TableName live_name_of_inner(const TableName& name, const Resolved& resolved, const Schema& schema);

}  // namespace holdfast::datastore::ch
