#include "datastore/clickhouse/schema.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "base/error.h"

namespace holdfast::datastore::ch {

namespace {

// Old servers double a slash in the path of a table that was renamed.
std::string without_slash(std::string path) {
  for (std::size_t at = 0; (at = path.find("//", at)) != std::string::npos;) path.erase(at, 1);
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  return text;
}

std::set<std::string> columns_of(const Context& context, Server& server, std::string_view table) {
  std::set<std::string> out;
  for (const auto& row : select(
           context, server,
           fmt::format("SELECT name FROM system.columns WHERE database = 'system' AND table = {}",
                       quote_text(table)))) {
    out.insert(text_of(row, "name"));
  }
  return out;
}

// Before system.disks there is one disk, whose path only the paths of tables tell.
std::string path_of_old_server(const Context& context, Server& server) {
  auto rows = select(context, server,
                     "SELECT metadata_path FROM system.tables WHERE database = 'system' AND name = "
                     "'parts'");
  constexpr std::string_view kEnd = "/metadata/system/parts.sql";
  std::string path = rows.empty() ? "" : text_of(rows.front(), "metadata_path");
  if (!path.ends_with(kEnd)) {
    throw Unsupported("look at ClickHouse", "the server does not tell where its data lies");
  }
  return path.substr(0, path.size() - kEnd.size());
}

void map_disks(std::vector<Disk>& disks, const fs::path& data_path) {
  const std::string root = disks.front().server_path;
  for (Disk& disk : disks) {
    if (disk.server_path == root) {
      disk.path = data_path;
    } else if (disk.server_path.starts_with(root + "/")) {
      disk.path = data_path / disk.server_path.substr(root.size() + 1);
    } else {
      disk.path = disk.server_path;
    }
  }
}

std::vector<Disk> read_disks(const Context& context, Server& server, bool is_old) {
  if (is_old) return {{"default", "local", without_slash(path_of_old_server(context, server)), {}}};
  std::vector<Disk> disks;
  for (const auto& row : select(context, server, "SELECT name, path, type FROM system.disks")) {
    disks.push_back({text_of(row, "name"),
                     lower(text_of(row, "type")),
                     without_slash(text_of(row, "path")),
                     {}});
  }
  auto is_default = [](const Disk& disk) { return disk.name == "default"; };
  std::stable_partition(disks.begin(), disks.end(), is_default);
  if (disks.empty() || !is_default(disks.front())) {
    throw Unsupported("look at ClickHouse", "the server has no disk named default");
  }
  return disks;
}

std::vector<Database> read_databases(const Context& context, Server& server) {
  std::vector<Database> out;
  for (const auto& row :
       select(context, server, "SELECT name, engine FROM system.databases ORDER BY name")) {
    Database database{text_of(row, "name"), text_of(row, "engine"), ""};
    if (is_own_database(database.name) || is_scratch_database(database.name)) continue;
    database.query = server.run(
        context,
        fmt::format("SHOW CREATE DATABASE {} FORMAT TabSeparatedRaw", quote_name(database.name)));
    while (database.query.ends_with('\n')) database.query.pop_back();
    out.push_back(std::move(database));
  }
  return out;
}

// Those that SQL made; older servers have none.
std::vector<Function> read_functions(const Context& context, Server& server) {
  std::vector<Function> out;
  std::set<std::string> columns = columns_of(context, server, "functions");
  if (!columns.contains("create_query")) return out;
  for (const auto& row : select(context, server,
                                "SELECT name, create_query FROM system.functions WHERE "
                                "create_query != '' ORDER BY name")) {
    out.push_back({text_of(row, "name"), text_of(row, "create_query")});
  }
  return out;
}

Settings read_permissive(const Context& context, Server& server) {
  Settings out = {{"max_query_size", "100000000"}};
  for (const auto& row :
       select(context, server,
              "SELECT name FROM system.settings WHERE value = '0' AND (name LIKE "
              "'allow_experimental_%' OR name LIKE 'allow_suspicious_%' OR name LIKE "
              "'allow_deprecated_%')")) {
    out[text_of(row, "name")] = "1";
  }
  return out;
}

std::map<TableName, Table> read_tables(const Context& context, Server& server,
                                       const std::string& condition) {
  std::set<std::string> columns = columns_of(context, server, "tables");
  std::string sql =
      "SELECT database, name, engine, create_table_query, partition_key, sorting_key, ";
  sql += columns.contains("uuid") ? "toString(uuid) AS id, " : "'' AS id, ";
  sql += columns.contains("data_paths") ? "data_paths AS paths, " : "[data_path] AS paths, ";
  sql += columns.contains("total_bytes") ? "ifNull(total_bytes, 0) AS bytes " : "0 AS bytes ";
  sql += "FROM system.tables WHERE NOT is_temporary" + condition + " ORDER BY database, name";
  std::map<TableName, Table> out;
  for (const auto& row : select(context, server, sql)) {
    Table table;
    table.name = {text_of(row, "database"), text_of(row, "name")};
    if (is_own_database(table.name.database)) continue;
    table.engine = text_of(row, "engine");
    table.uuid = text_of(row, "id");
    if (table.uuid == "00000000-0000-0000-0000-000000000000") table.uuid.clear();
    table.query = text_of(row, "create_table_query");
    for (std::string& path : texts_of(row, "paths")) {
      if (!path.empty()) table.data_paths.push_back(without_slash(path));
    }
    table.partition_key = text_of(row, "partition_key");
    table.sorting_key = text_of(row, "sorting_key");
    table.total_bytes = number_of(row, "bytes");
    TableName name = table.name;
    out.emplace(std::move(name), std::move(table));
  }
  return out;
}

std::string where_table(const TableName& name) {
  return fmt::format("database = {} AND table = {}", quote_text(name.database),
                     quote_text(name.table));
}

}  // namespace

Table read_table(const Context& context, Server& server, const TableName& name) {
  auto tables = read_tables(context, server,
                            fmt::format(" AND database = {} AND name = {}",
                                        quote_text(name.database), quote_text(name.table)));
  if (tables.empty()) throw NotFound("look at " + name.text(), "there is no such table");
  return tables.begin()->second;
}

std::vector<std::string> partitions_of(const Context& context, Server& server,
                                       const TableName& name) {
  std::vector<std::string> out;
  for (const auto& row : select(context, server,
                                "SELECT DISTINCT partition_id AS id FROM system.parts WHERE active "
                                "AND " +
                                    where_table(name) + " ORDER BY id")) {
    out.push_back(text_of(row, "id"));
  }
  return out;
}

std::uint64_t rows_of(const Context& context, Server& server, const TableName& name) {
  auto rows =
      select(context, server,
             "SELECT sum(rows) AS n FROM system.parts WHERE active AND " + where_table(name));
  return rows.empty() ? 0 : number_of(rows.front(), "n");
}

bool Table::has_parts() const { return engine.ends_with("MergeTree"); }
bool Table::is_replicated() const { return engine.starts_with("Replicated"); }
bool Table::is_materialized_view() const { return engine == "MaterializedView"; }

bool Table::is_view() const {
  return engine == "View" || is_materialized_view() || engine == "LiveView" ||
         engine == "WindowView";
}

bool Table::holds_own_data() const {
  return engine.ends_with("Log") || engine == "Memory" || engine == "Set" || engine == "Join" ||
         engine == "EmbeddedRocksDB" || engine == "File";
}

Schema read_schema(const Context& context, Server& server, const fs::path& data_path) {
  Schema schema;
  auto rows = select(context, server, "SELECT version() AS version");
  if (rows.size() != 1) throw Failed("look at ClickHouse", "it does not tell its version");
  schema.version = text_of(rows.front(), "version");
  schema.is_old = columns_of(context, server, "disks").empty();
  schema.disks = read_disks(context, server, schema.is_old);
  map_disks(schema.disks, data_path);
  schema.databases = read_databases(context, server);
  schema.functions = read_functions(context, server);
  schema.permissive = read_permissive(context, server);
  schema.tables = read_tables(context, server, "");
  // A server without any table may have no folder yet.
  if (!schema.tables.empty() && !fs::is_directory(data_path / "metadata")) {
    throw Refused("use " + data_path.string(),
                  "it is not the data folder of the server, which lies at " +
                      schema.default_disk().server_path + " there",
                  "set holdfast.clickhouse.dataPath to that folder as it is seen from here");
  }
  return schema;
}

std::string folder_on(const Disk& disk, const Table& table) {
  for (const std::string& path : table.data_paths) {
    if (path.starts_with(disk.server_path + "/")) {
      std::string folder = path.substr(disk.server_path.size() + 1);
      // Another disk may lie inside of this one.
      if (folder.starts_with("data/") || folder.starts_with("store/")) return folder;
    }
  }
  return "";
}

TableName inner_name(const Table& view) {
  if (view.uuid.empty()) return {view.name.database, ".inner." + view.name.table};
  return {view.name.database, ".inner_id." + view.uuid};
}

}  // namespace holdfast::datastore::ch
