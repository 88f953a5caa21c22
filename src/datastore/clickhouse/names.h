// Names in ClickHouse and in its backups: of files, of backups, in SQL, in table patterns. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace holdfast::datastore::ch {

struct TableName {
  std::string database, table;
  std::string text() const { return database + "." + table; }  // for people
  friend auto operator<=>(const TableName&, const TableName&) = default;
};

// As the server and clickhouse-backup name files and folders: all but letters, digits and `_` as
// %XX, upper case.
std::string encode_name(std::string_view name);

std::string quote_name(std::string_view name);  // `na\`me`
std::string quote_name(const TableName& name);  // `database`.`table`
std::string quote_text(std::string_view text);  // 'te\'xt'

// Whether `database.table` fits one of `patterns` (`*` any text, `?` one letter; a pattern without
// a dot means a whole database). The server's own databases and ours never do.
bool fits_patterns(const TableName& name, const std::vector<std::string>& patterns);
bool is_own_database(std::string_view database);      // of the server: system and the like
bool is_scratch_database(std::string_view database);  // made by us, removed after every run

// "full_2024-06-17T18-50-00", "incremental_..." of that time in UTC.
enum class NameKind { kFull, kIncremental };
std::string backup_name(NameKind kind, WallTime time);
// The time in such a name; nullopt for what another tool or a person named.
std::optional<WallTime> time_of_backup(std::string_view name);
// Whether this can be a folder of a backup at all: one component, no control characters, not ours.
bool is_possible_backup_name(std::string_view name);

// Name of a part: "20261110_1_1_0", "all_1_1_0_4"; nothing else becomes part of a path.
bool is_part_name(std::string_view name);
// "20261110" of "20261110_1_1_0_4". Old-style tables name parts by days: their partition is the
// month. Empty when it cannot be told.
std::string partition_of(std::string_view part);

inline constexpr std::string_view kScratchPrefix = "holdfast_";  // of databases and shadows of ours

}  // namespace holdfast::datastore::ch
