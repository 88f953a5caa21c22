// What a running server holds: databases, tables, functions, disks; and how its paths look from
// here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "datastore/clickhouse/names.h"
#include "datastore/clickhouse/server.h"

namespace holdfast::datastore::ch {

struct Disk {
  std::string name;
  std::string type;         // "local"; others hold their data elsewhere
  std::string server_path;  // as the server has it, without a slash at its end
  fs::path path;            // the same from here
};

struct Database {
  std::string name, engine, query;
};

struct Function {
  std::string name, query;
};

struct Table {
  TableName name;
  std::string engine, uuid;             // uuid: empty on servers without
  std::string query;                    // CREATE ...
  std::vector<std::string> data_paths;  // as the server has them
  std::string partition_key, sorting_key;
  std::uint64_t total_bytes = 0;  // 0: not told
  // Of the MergeTree family: its parts can be frozen and attached. (A view of its own engine shows
  // the inner table's path but is none.)
  bool has_parts() const;
  bool is_replicated() const;
  bool is_view() const;  // materialized or not, live or not
  bool is_materialized_view() const;
  bool holds_own_data() const;  // that no backup takes: Log, Memory, ...
};

// The tables of the server by name, without temporary ones. An inner table's name follows its view.
struct Schema {
  std::string version;
  bool is_old = false;  // before disks, UUIDs and hashes of parts: 18.16
  std::vector<Disk> disks;
  std::vector<Database> databases;
  std::vector<Function> functions;
  std::map<TableName, Table> tables;
  // For CREATE of what some server took once: what is deprecated, experimental or suspicious is
  // allowed, and so are long texts.
  Settings permissive;
  const Disk& default_disk() const { return disks.front(); }
};

// `data_path`: the default disk's folder as seen from here. Refused when the server's own default
// disk does not show there.
Schema read_schema(const Context& context, Server& server, const fs::path& data_path);

// One table as it is now; NotFound when it is not there.
Table read_table(const Context& context, Server& server, const TableName& name);

// Partition ids of its active parts.
std::vector<std::string> partitions_of(const Context& context, Server& server,
                                       const TableName& name);
// Rows of its active parts.
std::uint64_t rows_of(const Context& context, Server& server, const TableName& name);

// The folder of a table on a disk, as frozen parts lie under shadow/NAME: "data/otel/x" or
// "store/abc/UUID". Empty when the table has nothing on that disk.
std::string folder_on(const Disk& disk, const Table& table);

// Name of a materialized view's inner table.
TableName inner_name(const Table& view);

}  // namespace holdfast::datastore::ch
