#include "datastore/clickhouse/staging.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/operation.h"
#include "datastore/local.h"

namespace holdfast::datastore::ch {

namespace {

constexpr std::string_view kDataPath =
    "set holdfast.clickhouse.dataPath to the server's data folder as it is seen from here";
constexpr std::string_view kTooLargeToDrop = "359";
constexpr unsigned kWritableForAll = 0666;  // the server removes its flag only if it may write it

// The server takes it away with the next statement that drops.
void set_flag(const Schema& schema) {
  const fs::path flags = schema.default_disk().path / "flags";
  make_folders(flags);
  write_file_durably(flags / "force_drop_table", "", kWritableForAll);
  give_one_to_owner_of(flags / "force_drop_table", flags);
}

// An old server that is killed inside of CREATE or DROP TABLE leaves a folder that it does not know
// any more, and that is in the way of DROP DATABASE. All tables are gone when this is called.
void clear_folders(const Schema& schema, const std::string& database) {
  for (const char* kind : {"data", "metadata"}) {
    const fs::path folder = schema.default_disk().path / kind / encode_name(database);
    if (!path_exists(folder)) continue;
    std::vector<fs::path> left;
    for (const auto& entry : fs::directory_iterator(folder)) left.push_back(entry.path());
    for (const fs::path& path : left) remove_tree(path);
  }
}

void remove_flag(const Schema& schema) {
  remove_file_if_there(schema.default_disk().path / "flags" / "force_drop_table");
}

}  // namespace

void run_forced(const Context& context, Server& server, const Schema& schema,
                const std::string& sql) {
  try {
    server.run(context, sql);
    return;
  } catch (const Error& error) {
    if (error.code() != kTooLargeToDrop) throw;
  }
  set_flag(schema);
  try {
    server.run(context, sql);
  } catch (...) {
    remove_flag(schema);
    throw;
  }
  remove_flag(schema);
}

void drop_table(const Context& context, Server& server, const Schema& schema,
                const TableName& name) {
  Operation operation("ch.drop", name.text());
  run_forced(
      context, server, schema,
      fmt::format("DROP TABLE IF EXISTS {}{}", quote_name(name), schema.is_old ? "" : " SYNC"));
}

void Staging::create_database(const std::string& like) {
  Operation operation("ch.create_staging", database_);
  std::string sql = "CREATE DATABASE " + quote_name(database_);
  for (const Database& database : schema_.databases) {
    // Others keep their tables elsewhere, or on several servers.
    const bool is_plain = database.engine == "Atomic" || database.engine == "Ordinary";
    if (database.name == like && is_plain) sql += " ENGINE = " + database.engine;
  }
  server_.run(context_, sql, schema_.permissive);
}

Table Staging::create_table(const CreateStatement& statement, const std::string& name) {
  const TableName full{database_, name};
  Operation operation("ch.create_staging", full.text());
  server_.run(context_, create_plain(statement, full), schema_.permissive);
  try {
    server_.run(context_, "SYSTEM STOP MERGES " + quote_name(full));
  } catch (const Failed& error) {
    // A merge keeps all rows but those that the engine itself folds, which live does as well.
    log::info(context_, error.to_string());
  }
  return read_table(context_, server_, full);
}

fs::path Staging::folder_for(const Table& table, const std::string& disk,
                             const std::string& part) const {
  const Disk* chosen = nullptr;
  for (const Disk& candidate : schema_.disks) {
    if (folder_on(candidate, table).empty()) continue;
    if (!chosen || candidate.name == disk) chosen = &candidate;
  }
  if (!chosen) throw Failed("stage " + table.name.text(), "the server tells no folder for it");
  const fs::path folder = chosen->path / folder_on(*chosen, table);
  if (!path_exists(folder)) {
    throw Refused("stage " + table.name.text(),
                  "its folder does not show up here at " + folder.string(), std::string(kDataPath));
  }
  return folder / "detached" / part;
}

void Staging::attach(const Table& table, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    Operation operation("ch.attach", part);
    try {
      server_.run(context_, fmt::format("ALTER TABLE {} ATTACH PART {}", quote_name(table.name),
                                        quote_text(part)));
    } catch (const Failed& error) {
      throw Corrupt("attach part " + part + " of " + table.name.text(), error.reason(),
                    "if the server runs as another user, run holdfast as root or as that user");
    }
  }
}

void Staging::drop() {
  std::vector<TableName> tables;
  for (const auto& row :
       select(context_, server_,
              "SELECT name FROM system.tables WHERE database = " + quote_text(database_))) {
    tables.push_back({database_, text_of(row, "name")});
  }
  for (const TableName& table : tables) drop_table(context_, server_, schema_, table);
  if (schema_.is_old) clear_folders(schema_, database_);
  Operation operation("ch.drop", database_);
  server_.run(context_, fmt::format("DROP DATABASE IF EXISTS {}{}", quote_name(database_),
                                    schema_.is_old ? "" : " SYNC"));
}

Structure structure_of(const Context& context, Server& server, const Table& table) {
  Structure out;
  for (const auto& row :
       select(context, server,
              fmt::format("SELECT name, type FROM system.columns WHERE database "
                          "= {} AND table = {}",
                          quote_text(table.name.database), quote_text(table.name.table)))) {
    out.columns[text_of(row, "name")] = text_of(row, "type");
  }
  out.partition_key = table.partition_key;
  out.sorting_key = table.sorting_key;
  constexpr std::string_view kGranularity = "index_granularity = ";
  std::size_t at = table.query.rfind(kGranularity);
  if (at != std::string::npos) {
    at += kGranularity.size();
    out.granularity = table.query.substr(at, table.query.find_first_not_of("0123456789", at) - at);
  }
  return out;
}

std::string difference(const Structure& backup, const Structure& live) {
  for (const auto& [name, type] : backup.columns) {
    auto found = live.columns.find(name);
    if (found == live.columns.end()) return fmt::format("it has no column {}", name);
    if (found->second != type) {
      return fmt::format("its column {} is {}, in the backup {}", name, found->second, type);
    }
  }
  for (const auto& [name, type] : live.columns) {
    if (!backup.columns.contains(name)) return fmt::format("its column {} is new", name);
  }
  auto differs = [](const char* what, const std::string& now, const std::string& then) {
    return fmt::format("its {} is {}, in the backup {}", what, now.empty() ? "none" : now,
                       then.empty() ? "none" : then);
  };
  if (backup.partition_key != live.partition_key) {
    return differs("partition key", live.partition_key, backup.partition_key);
  }
  if (backup.sorting_key != live.sorting_key) {
    return differs("sorting key", live.sorting_key, backup.sorting_key);
  }
  if (backup.granularity != live.granularity) {
    return differs("index_granularity", live.granularity, backup.granularity);
  }
  return "";
}

}  // namespace holdfast::datastore::ch
