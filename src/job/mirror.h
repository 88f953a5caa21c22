// One backup, or all of one store, brought to another storage as it is: object for object, key for
// key.
//
// It is complete there only when it is whole: the objects that complete a backup (markers,
// metadata.json, index.latest) go last, manifests before them, data first; a copy that is being
// brought up to date loses its marker first. A backup that changes at the source meanwhile is
// followed until one moment of it is there. What is there already is not sent again, so that a
// killed copy goes on where it was. Nothing is changed at the source.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/progress.h"
#include "job/engine.h"
#include "storage/storage.h"
#include "transfer/transfer.h"

namespace holdfast::job {

// What becomes of objects that only the destination has.
enum class Extra {
  kRemove,  // they belong to an older state of what is copied
  kKeep,    // they are backups of their own
  kRefuse,  // Refused before anything is changed
};
struct MirrorOptions {
  std::string prefix;  // "" for the whole bucket
  std::string skip;    // keys that begin so are nobody's backup; "": none
  Extra extra = Extra::kRemove;
  transfer::TransferOptions transfer;
};

struct MirrorPlace {
  storage::Storage* storage = nullptr;
  std::string bucket;
};

struct MirrorReport {
  std::uint64_t objects_copied = 0, bytes_copied = 0, objects_kept = 0, bytes_kept = 0;
  std::uint64_t objects_removed = 0;  // at the destination: not in the source's backup any more
  bool has_completion = false;        // the source has an object that says: complete
};

// When an object of a backup may appear: first the data, then what describes it, then what says
// that it is complete. By the last component of the key, for all stores.
enum class CommitRank { kData, kManifest, kCompletion };
CommitRank commit_rank(std::string_view key);

// Brings everything under the prefix from one place to the other. Asks `fence` before every step
// that readers of the destination can see. NotFound when there is nothing at the source; Refused
// when the source keeps changing; what storages throw.
MirrorReport mirror(const Context& context, const MirrorPlace& from, const MirrorPlace& to,
                    const MirrorOptions& options, Fence& fence, Progress& progress);

// How a store's backups lie in its bucket.
enum class BackupShape {
  kFolders,     // each backup is a folder whose name begins with the prefix (VictoriaMetrics,
                // ClickHouse)
  kFiles,       // each is an object, or several of one name (StackGraph)
  kRepository,  // they share objects (Elasticsearch)
};

// What is to be copied; `prefix` ends in a slash where it names a folder.
struct CopyRequest {
  std::string store;
  BackupShape shape = BackupShape::kFolders;
  MirrorPlace from, to;
  std::string prefix;               // the same at both places
  std::string name;                 // of one backup; empty: all
  std::vector<std::string> needed;  // backups that it builds on, copied before it
  std::string skip;                 // as in MirrorOptions: the catalog
  bool replace = false;             // of a repository: what the destination's has more is removed
  transfer::TransferOptions transfer;
};
struct CopiedBackup {
  std::string name;  // empty when several backups are no folders of their own
  MirrorReport report;
  BackupShape shape = BackupShape::kFolders;
  // A folder counts as a backup only with what says so.
  bool is_complete() const { return shape == BackupShape::kFiles || report.has_completion; }
};

// Copies a store's backups under the lease of that store at the destination, whose catalog gets the
// record. One that is not complete at the source is told (`has_completion`) and is not complete at
// the destination. InvalidArgument for one backup of a
// repository.
std::vector<CopiedBackup> copy_backups(const Context& context, const CopyRequest& request,
                                       storage::Storage& catalog, const EngineOptions& engine,
                                       Progress& progress);

}  // namespace holdfast::job
