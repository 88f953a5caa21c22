// Versions of objects, their tags and locks, and the settings of buckets: the optional part of
// Storage (Storage::versions()).
//
// A key has versions, of which the newest is the current one. In a bucket whose versioning is
// enabled every put, copy and complete makes a version with an id of its own, and removing a key
// puts a delete marker on top; what was current before is kept. In one that is suspended (or never
// was enabled) the new one is the version "null", which replaces the "null" there was; versions
// with ids stay. A version goes for good only when it is removed by its id, and then the next one
// is current again.
//
// A version under retention or hold is removed by nothing before that ends: AccessDenied (code
// kLocked) on every path, from every caller. Only governance gives way, to who says so.
// Every change is durable on return and whole after a crash. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/storage.h"

namespace holdfast::storage {

inline constexpr std::string_view kNullVersion = "null";
inline constexpr std::string_view kInvalidBucketState =
    "InvalidBucketState";  // PreconditionFailed: settings that exclude each other
inline constexpr std::string_view kNoLockConfiguration =
    "InvalidRequest";  // InvalidArgument: a lock in a bucket that has none

enum class Versioning { kOff, kEnabled, kSuspended };

struct DefaultRetention {
  bool compliance = false;
  unsigned days = 0;
  friend bool operator==(const DefaultRetention&, const DefaultRetention&) = default;
};

struct BucketSettings {
  Versioning versioning = Versioning::kOff;
  bool lock = false;                                  // once on it stays, and so does versioning
  std::optional<DefaultRetention> default_retention;  // of every version made from now on
  // Settings that only the layer above reads, by name ("lifecycle", "cors", ...): at most 64 KiB
  // each, 512 KiB in all.
  std::map<std::string, std::string> documents;
  friend bool operator==(const BucketSettings&, const BucketSettings&) = default;
};

struct VersionInfo {
  ObjectInfo object;  // of a delete marker: key, version and modified alone; without attributes
  bool latest = false;
  bool delete_marker = false;
  std::optional<WallTime> noncurrent_since;
};
struct VersionListRequest {
  std::string bucket, prefix, delimiter;
  std::string after_key;      // starts behind all versions of this key (or behind that prefix),
  std::string after_version;  // or, when given, behind this version of it
  unsigned limit = 1000;      // versions and prefixes together, 1 to 1,000
};
struct VersionPage {
  std::vector<VersionInfo> versions;  // by key, then the newest first
  std::vector<std::string> prefixes;
  bool more = false;
  std::string next_key, next_version;  // where the next page starts; version empty at a prefix
};

class VersionedStore {
 public:
  virtual ~VersionedStore() = default;

  // NotFound (code kNoSuchBucket).
  virtual BucketSettings settings(const Context& context, const std::string& bucket) = 0;
  // Changes them in one step: no other change comes in between. Refuses what lock_rules.h refuses.
  virtual void change_settings(const Context& context, const std::string& bucket,
                               const std::function<void(BucketSettings&)>& change) = 0;
  virtual VersionPage list(const Context& context, const VersionListRequest& request) = 0;
  // Changes the marks of one version in one step and returns its id. `bypass_governance` lets it
  // loosen governance retention; else AccessDenied (code kLocked). NotFound (codes kNoSuchKey,
  // kNoSuchVersion), InvalidArgument (kIsDeleteMarker; kNoLockConfiguration).
  virtual std::string change_marks(const Context& context, const ObjectRef& ref,
                                   bool bypass_governance,
                                   const std::function<void(Marks&)>& change) = 0;
  // Gives an upload the marks that its object shall have. NotFound (code kNoSuchUpload).
  virtual void mark_upload(const Context& context, const ObjectRef& ref,
                           const std::string& upload_id, const Marks& marks) = 0;
};

}  // namespace holdfast::storage
