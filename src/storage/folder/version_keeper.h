// How versions of a key come, stay and go (docs/formats/versions.md, "Steps"). The key's file is
// what is current; the record tells of everything else, and is written before the file changes when
// it must protect something, and tidied after it when it merely has become too long.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/folder/record_store.h"

namespace holdfast::storage {

// An object that was opened and whose label was read in full.
struct OpenObject {
  ObjectFile file;
  StoredObject stored;
  ObjectInfo info;
};

// The version that is about to become current.
struct Arrival {
  std::string revision;
  bool versioned = false;
  Marks marks;
  WallTime now;
};

class VersionKeeper {
 public:
  VersionKeeper(Core& core, ObjectTree& tree, LabelStore& labels, RecordStore& records)
      : core_(core), tree_(tree), labels_(labels), records_(records) {}

  // The current object with at least the core of its label; nullopt: there is none.
  std::optional<OpenObject> current(const ObjectRef& ref, bool full = true) const;
  // A kept version; nullopt: it has gone meanwhile.
  std::optional<OpenObject> open_kept(const ObjectRef& ref, const VersionEntry& entry) const;

  // What arrive() found: whether the file that was current is kept, and whether tidy() has work.
  struct Arrived {
    bool kept = false;
    bool untidy = false;
  };
  // Under the key's lock, right before the new file takes its place; may be called again. Throws
  // AccessDenied when a locked version would go, Unavailable when the bucket's versioning was
  // switched on since the new version was made.
  Arrived arrive(const ObjectRef& ref, const Arrival& arrival);
  // After the new file is in place: forgets what has gone. Takes the key's lock.
  void tidy(const ObjectRef& ref);
  // Whether a key of the bucket may have more than its file.
  bool concerns(const std::string& bucket) const;

  // Removes as `target` says, in a bucket that this concerns. Durable on return.
  RemoveResult remove(const ObjectRef& ref, const RemoveTarget& target, WallTime now);

  // Of the current version, or the one that `ref` names; takes the key's lock. Errors and result as
  // VersionedStore::change_marks().
  std::string change_marks(const ObjectRef& ref, bool bypass_governance, WallTime now,
                           const std::function<void(Marks&)>& change);
  // All versions of a key, the newest first; those of files with at least the core of their label.
  std::vector<VersionInfo> versions(const ObjectRef& ref) const;

  // At start: finishes the coming and going of delete markers.
  void finish_notes();
  // For LabelStore::clean(): the kept files of a key.
  LabelStore::EachKept each_kept() const;

 private:
  struct Look {
    std::optional<OpenObject> current;
    KeyRecord record;
    std::vector<VersionEntry> others;
    Marks marks_of_current() const;
  };
  Look look(const ObjectRef& ref) const;
  void keep(const ObjectRef& ref, const OpenObject& object, KeyRecord& record, WallTime now);
  void check_replaced(const ObjectRef& ref, const Look& look, WallTime now) const;

  // Removes the current file. `before` runs under the key's lock and says whether it is kept; it
  // stops the removal by throwing. False: there is no file.
  bool take_away(const ObjectRef& ref, const std::function<bool(Look&)>& before);
  void remove_current(const ObjectRef& ref, const RemoveTarget& target, WallTime now);
  bool mark(const ObjectRef& ref, const RemoveTarget& target, const VersionEntry& marker,
            WallTime now);
  // The four below: false when the key changed since it was looked at.
  bool try_remove_version(const ObjectRef& ref, const RemoveTarget& target, WallTime now,
                          RemoveResult& result);
  bool erase_other(const ObjectRef& ref, const VersionEntry& victim, const RemoveTarget& target,
                   WallTime now);
  bool remove_file(const ObjectRef& ref, const std::string& revision, const RemoveTarget& target,
                   WallTime now);
  bool promote(const ObjectRef& ref, const VersionEntry& next, const std::string& victim,
               const RemoveTarget& target, WallTime now);
  void erase_entry(const ObjectRef& ref, const std::string& revision);
  void forget_entry(const ObjectRef& ref, const std::string& revision);
  void restore_identity(const ObjectRef& ref, const VersionEntry& entry, LabelStore::Side& noted);
  // Writes a record that tells no more of these kept files, and removes them.
  void write_without(const ObjectRef& ref, const KeyRecord& record,
                     const std::vector<std::string>& gone);
  void remove_kept(const ObjectRef& ref, const std::string& revision);
  // What is under way: the file below a new delete marker goes, or returns with the marker's
  // removal; a kept file goes for good (then the note is named by its revision).
  enum class Step : unsigned { kGoes = 1, kReturns = 2, kForgotten = 3 };
  void write_note(const ObjectRef& ref, const std::string& marker, Step step,
                  const std::string& revision);
  void finish_note(const std::string& note);
  void finish_step(const ObjectRef& ref, const std::string& marker, Step step,
                   const std::string& revision);

  Core& core_;
  ObjectTree& tree_;
  LabelStore& labels_;
  RecordStore& records_;
};

}  // namespace holdfast::storage
