// A database of ours on the server, in which tables are filled beside the live ones; and the
// statements that need care on some server. Facts: docs/design/clickhouse.md.
#pragma once

#include <string>
#include <vector>

#include "datastore/clickhouse/schema.h"
#include "datastore/clickhouse/sql.h"

namespace holdfast::datastore::ch {

// Runs a statement that drops or replaces rows, however many: where the server's limit of what may
// be dropped is in the way, its flag for one statement is set.
void run_forced(const Context& context, Server& server, const Schema& schema,
                const std::string& sql);

void drop_table(const Context& context, Server& server, const Schema& schema,
                const TableName& name);

class Staging {
 public:
  // Nothing is made yet. `database` begins with kScratchPrefix.
  Staging(const Context& context, Server& server, const Schema& schema, std::string database)
      : context_(context), server_(server), schema_(schema), database_(std::move(database)) {}

  const std::string& database() const { return database_; }
  // Of the engine that the tables' own database has, so that tables can move between the two.
  void create_database(const std::string& like);
  // A plain table of that definition, which does not merge on its own.
  Table create_table(const CreateStatement& statement, const std::string& name);
  // Where a part's folder must lie to be attached: on the disk of that name, if the table has it.
  fs::path folder_for(const Table& table, const std::string& disk, const std::string& part) const;
  // Attaches, in that order, parts whose folders lie there. Unavailable is the server's; Corrupt
  // when it does not take a part.
  void attach(const Table& table, const std::vector<std::string>& parts);
  // The database with all its tables; nothing when it is not there.
  void drop();

 private:
  Context context_;
  Server& server_;
  const Schema& schema_;
  std::string database_;
};

// Columns with their types by name, partition and sorting key, granularity: what must be equal for
// parts to change their table. Texts to compare, and to show.
struct Structure {
  std::map<std::string, std::string> columns;
  std::string partition_key, sorting_key, granularity;
};
Structure structure_of(const Context& context, Server& server, const Table& table);
// Empty: they are equal.
std::string difference(const Structure& backup, const Structure& live);

}  // namespace holdfast::datastore::ch
