// One pass over what is stored, what the manifest knows and what the snapshot holds, all three in
// the order of their object names: tells what a run has to do. Constant memory; the result is set
// aside in a temporary file.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/context.h"
#include "datastore/victoria_metrics/entry_line.h"
#include "datastore/victoria_metrics/spool.h"
#include "datastore/victoria_metrics/versions.h"
#include "datastore/victoria_metrics/volume_change.h"
#include "datastore/victoria_metrics/walk.h"

namespace holdfast::datastore::vm {

// One object name, and where it was met.
struct Seen {
  Piece piece;
  std::optional<ObjectList::Object> stored;
  std::optional<ManifestEntry> known;
  std::optional<LocalFile> local;
};

// Merges up to three sorted streams; any may be null. Borrows them.
class Join {
 public:
  Join(ObjectList* stored, ManifestReader* known, Walk* local);
  std::optional<Seen> next();

 private:
  void fill();
  ObjectList* stored_;
  ManifestReader* known_;
  Walk* local_;
  std::optional<ObjectList::Object> stored_head_;
  std::optional<ManifestEntry> known_head_;
  std::optional<std::pair<Piece, LocalFile>> local_head_;
  std::string stored_name_, known_name_, local_name_;
  std::optional<LocalFile> local_file_;  // whose pieces are not all handed out
  std::uint64_t local_offset_ = 0;
};

// What a run does with one object. The letter is its form in the temporary file.
enum class Action : char {
  kKeep = 'k',  // stored, and in the snapshot
  kKeepAndHash =
      'h',     // the same, sent by a run of ours that was killed before it noted the checksum
  kPut = 'p',  // immutable, to be sent
  kPutInPlace = 'i',   // its content changed, or is not known to be stored
  kKeepInPlace = 'j',  // its content is stored
  kRemove = 'r',       // stored, but not in the snapshot
};
struct Work {
  Action action = Action::kKeep;
  ManifestEntry entry;  // with the content of files that change in place
};

struct Comparison {
  std::shared_ptr<Spool> work;  // Work lines: LETTER ENTRY
  std::uint64_t put_objects = 0, put_bytes = 0, kept_objects = 0, kept_bytes = 0, removed = 0,
                in_place = 0;
  std::uint64_t objects = 0, bytes = 0;  // of the new state
  std::uint64_t strangers = 0;           // stored names that are nobody's
  bool manifest_differs = false;         // names other objects than the new state has
  bool changed() const { return put_objects + removed + in_place > 0 || manifest_differs; }
};

// What compare() looks at, all borrowed.
struct Compared {
  ObjectList* stored = nullptr;  // null: the folder is new
  ManifestReader* known =
      nullptr;  // null: there is no manifest that counts. Files that change in
                // place are then compared with the stored ones, which are fetched
  std::string folder;
  bool contents_stored =
      false;                 // the manifest's contents of files that change in place are stored:
                             // our marker says so. Else a run may have died before it put them
  bool stored_by_us = true;  // what is stored without a manifest is of a killed run of ours
};
Comparison compare(const Context& context, const Place& place, const Compared& with, Walk& local,
                   VolumeChange& volume);

// Reads the Work lines of a comparison one by one.
class WorkReader {
 public:
  explicit WorkReader(Spool& spool) : reader_(spool.read()) {}
  std::optional<Work> next();

 private:
  Spool::Reader reader_;
};

}  // namespace holdfast::datastore::vm
