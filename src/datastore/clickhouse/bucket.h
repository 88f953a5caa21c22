// The backups of a ClickHouse in its bucket: their names, and what each one's completion marker
// and manifest say. Rules of reading: docs/design/clickhouse.md.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "datastore/clickhouse/documents.h"
#include "datastore/clickhouse/manifest.h"
#include "storage/storage.h"

namespace holdfast::datastore::ch {

// Where the backups lie.
struct Place {
  storage::Storage* storage = nullptr;
  std::string bucket;
  std::string prefix;  // s3Prefix; may be empty
  std::string store;   // for messages
  unsigned threads = 8;

  std::string folder(const std::string& backup) const;  // with a slash at its end
  storage::ObjectRef object(const std::string& backup, std::string_view name) const;
};

// Every folder that can be a backup, complete or not, sorted by time, then by name. One list.
std::vector<std::string> list_names(const Context& context, const Place& place);

struct Backup {
  std::string name;
  std::string broken_because;  // empty: complete, as far as its marker tells
  bool is_abandoned = false;   // broken, and nothing can still be working on it
  WallTime uploaded;           // of the marker; of a broken one's newest object
  BackupDocument document;
  std::string document_sha256;
  std::shared_ptr<const Manifest> manifest;  // set by read_manifest_of()
};

// Its marker alone. NotFound when no object of that name is there.
Backup open_backup(const Context& context, const Place& place, const std::string& name);

// Reads the manifest of a complete backup. Left null when there is none, or when it describes
// another metadata.json (clickhouse-backup wrote later); a damaged one is Corrupt.
void read_manifest_of(const Context& context, const Place& place, Backup& backup);

// All of them, marker and all, read in parallel. Broken ones are among them.
std::vector<Backup> open_all(const Context& context, const Place& place);

// The objects of a backup, by their key inside of it.
struct StoredObject {
  std::uint64_t size = 0;
  std::string etag, revision;
};
using Objects = std::map<std::string, StoredObject>;
Objects list_objects(const Context& context, const Place& place, const std::string& backup);

}  // namespace holdfast::datastore::ch
