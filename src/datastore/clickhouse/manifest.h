// Our own record of a backup, beside clickhouse-backup's documents: every object with a strong
// hash, where each part's bytes lie, and what the tables held. Format: docs/formats/clickhouse.md.
// Pure.
//
// The whole of it is held in memory: some hundred bytes a part.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datastore/clickhouse/names.h"
#include "datastore/datastore.h"
#include "transfer/object_digest.h"

namespace holdfast::datastore::ch {

// One part of a table, in the order in which parts must be attached.
struct ManifestPart {
  std::string name;  // here, and in clickhouse-backup's document
  std::string disk;
  std::optional<std::uint64_t> rows;  // none: not known
  std::uint64_t bytes = 0;
  std::string identity;  // of its content (part.h)
  std::uint64_t checksum = 0;
  std::string backup;             // whose folder holds the archive; empty: this one's
  std::string stored;             // name of the part there
  transfer::ObjectDigest digest;  // of the archive
  friend bool operator==(const ManifestPart&, const ManifestPart&) = default;
};

struct ManifestTable {
  TableName name;
  std::string engine;
  std::optional<std::uint64_t> rows;  // none: not known of some part
  transfer::ObjectDigest document;    // of metadata/DATABASE/TABLE.json
  std::vector<ManifestPart> parts;
  friend bool operator==(const ManifestTable&, const ManifestTable&) = default;
};

struct Manifest {
  std::string name;
  bool is_full = true;
  std::vector<std::string> chain;  // the backups that it needs, the nearest first
  std::string run_id, server_version;
  WallTime created;
  std::string document_sha256;  // of metadata.json, in hexadecimal: the manifest describes that one
  std::vector<ManifestTable> tables;                  // sorted by name
  std::map<std::string, std::uint64_t> rows() const;  // by "database.table", where they are known
};

std::string write_manifest(const Manifest& manifest);
// Corrupt for bytes that are no whole manifest, Unsupported when a newer holdfast is needed. `what`
// names the object.
Manifest read_manifest(std::string_view bytes, const std::string& what);

inline constexpr std::uint64_t kLargestManifest = 256 << 20;  // as text, and as an object

// Key of a part's archive inside its backup's folder.
std::string archive_key(const TableName& table, const std::string& disk, const std::string& stored);
std::string document_key(const TableName& table);

inline constexpr std::string_view kManifestName = "holdfast_manifest.zst";
inline constexpr std::string_view kDocumentName = "metadata.json";

}  // namespace holdfast::datastore::ch
