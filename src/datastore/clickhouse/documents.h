// The JSON documents of a clickhouse-backup backup: metadata.json, whose presence completes a
// backup, and one for every table. Format: docs/formats/clickhouse.md. Pure. Readers throw Corrupt,
// with `name` as the subject, for what is malformed; unknown keys are ignored.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datastore/clickhouse/schema.h"

namespace holdfast::datastore::ch {

struct PartRecord {
  std::string name;
  bool required = false;   // its data is in the backup that this one requires
  std::uint64_t size = 0;  // of its files; not told of required ones
};

// metadata/DATABASE/TABLE.json
struct TableDocument {
  TableName name;
  std::string uuid;
  std::string query;
  std::map<std::string, std::vector<std::string>> files;   // archives by disk
  std::map<std::string, std::vector<PartRecord>> parts;    // by disk
  bool has_parts = false;                                  // of the MergeTree family: `size` counts
  std::map<std::string, std::uint64_t> size;               // of what this backup holds, by disk
  std::uint64_t total_bytes = 0;                           // of all parts
  std::map<std::string, std::uint64_t> checksums;          // CRC-64 of checksums.txt, by part
  std::map<std::string, std::string> hashes_of_all_files;  // by part; newer servers
  bool metadata_only = false;
};

// metadata.json
struct BackupDocument {
  std::string name;
  std::vector<Disk> disks;
  std::string version;  // of the tool
  std::string created;  // RFC 3339
  std::string tags = "regular";
  std::string clickhouse_version;
  std::uint64_t data_size = 0, metadata_size = 0, compressed_size = 0;
  std::vector<Database> databases;
  std::vector<TableName> tables;
  std::vector<Function> functions;
  std::string data_format = "tar";
  std::string required_backup;
};

std::string write_document(const TableDocument& document);
std::string write_document(const BackupDocument& document);
TableDocument read_table_document(std::string_view bytes, const std::string& name);
BackupDocument read_backup_document(std::string_view bytes, const std::string& name);

inline constexpr std::uint64_t kLargestDocument = 64 << 20;

}  // namespace holdfast::datastore::ch
