// The folders of an instance in its bucket, and what each one's marker and manifest say: the
// reading rules of docs/design/victoria-metrics.md.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "datastore/victoria_metrics/layout.h"
#include "datastore/victoria_metrics/manifest.h"
#include "datastore/victoria_metrics/spool.h"
#include "storage/storage.h"

namespace holdfast::datastore::vm {

// Where a store's versions lie.
struct Place {
  storage::Storage* storage = nullptr;
  std::string bucket;
  std::string prefix;  // of the folders' names
  std::string store;   // for messages
  storage::ObjectRef object(const std::string& folder, std::string_view name) const {
    return {bucket, folder + "/" + std::string(name)};
  }
};

// All folders of the instance, sorted by name (so that versions come oldest first). One list.
std::vector<std::string> list_folders(const Context& context, const Place& place);

// A name for a new version or copy: of that time, or later, so that it sorts after all of `folders`
// that have a time, also when a clock went back: the newest version is found by its name.
std::string new_name(const Place& place, const std::vector<std::string>& folders, WallTime time);

// What a folder's marker and manifest say together.
struct Folder {
  std::string name;
  bool is_copy = false;
  bool has_marker = false;
  bool marker_is_foreign = false;                // vmbackup's, or anybody's but ours
  std::optional<Marker> marker;                  // ours
  WallTime completed;                            // of the marker, when there is one
  std::optional<std::string> manifest_revision;  // of the object, readable or not
  std::optional<ManifestHeader> header;          // of a readable manifest
  std::string manifest_sha256;                   // of the whole object; not set by glance()
  std::string unreadable_because;                // the manifest is there but damaged
  std::shared_ptr<Spool> manifest;               // its bytes; not set by glance()

  // The manifest describes the folder: our marker names it, or there is no marker (then only if a
  // list shows its objects), or our marker names another one.
  bool manifest_counts() const { return header && !marker_is_foreign; }
  bool marker_names_manifest() const;
  // The manifest says that another instance made it: never continued, listed or removed here.
  bool is_anothers(const Place& place) const;
};

// Two requests, the whole manifest included (one for a dated copy when `no_copies`: its marker is
// not read). Unsupported when a newer holdfast is needed.
Folder open_folder(const Context& context, const Place& place, const std::string& name,
                   bool no_copies = false);
// The newest folder that is a version (not a dated copy); nullopt when there is none. `copies`
// remembers what is known to be a copy, which never changes.
std::optional<Folder> open_current(const Context& context, const Place& place,
                                   const std::vector<std::string>& folders,
                                   std::set<std::string>& copies);
// Two requests, at most 64 KiB of the manifest: its header, no check of the rest.
Folder glance(const Context& context, const Place& place, const std::string& name);

// What vmbackup's folder lacks of what a snapshot of any server holds, an empty one's too: the
// smallest start time, and at least one index table (in the place of old or new servers). Empty:
// nothing. Up to three requests. Without it, data that is gone as a whole would look like an empty
// server's.
std::string lacks_of_every_snapshot(const Context& context, const Place& place,
                                    const std::string& folder);

// The objects of a folder in the order of their names, page by page.
class ObjectList {
 public:
  ObjectList(const Context& context, const Place& place, const std::string& folder);
  struct Object {
    Piece piece;
    std::uint64_t size = 0;  // as the storage tells it
    std::string etag;
  };
  // Only what has vmbackup's form; other names are counted (markers and the like are not).
  std::optional<Object> next();
  std::uint64_t strangers() const { return strangers_; }

 private:
  Context context_;
  Place place_;
  std::string folder_;
  storage::ListPage page_;
  std::size_t position_ = 0;
  bool started_ = false;
  std::uint64_t strangers_ = 0;
};

// Whether pieces that come in the order of their names make whole files: one size a file, no gap,
// no overlap, and each object as long as its name says.
class PieceCheck {
 public:
  // What is wrong with the file that ended before `object`, or with `object`; empty: nothing.
  std::string add(const Piece& piece, std::uint64_t actual_size);
  std::string finish();

 private:
  std::optional<Piece> last_;
};

}  // namespace holdfast::datastore::vm
