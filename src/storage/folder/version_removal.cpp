// The part of VersionKeeper that removes.
#include <cerrno>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "codec/text.h"
#include "storage/folder/key_path.h"
#include "storage/folder/version_keeper.h"
#include "storage/lock_rules.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

constexpr int kMostAttempts = 1000;
constexpr std::size_t kNoteLimit = 4096;

// Thrown inside a step when the key is no longer as it was when the step was chosen.
struct Changed {};

void check_etag(const RemoveTarget& target, const ObjectInfo* current, const ObjectRef& ref) {
  if (target.etag_is) check_write_condition({.etag_is = {*target.etag_is}}, current, ref);
}

}  // namespace

RemoveResult VersionKeeper::remove(const ObjectRef& ref, const RemoveTarget& target, WallTime now) {
  RemoveResult result{ref.key, std::nullopt};
  const Versioning versioning = records_.settings(ref.bucket)->versioning;
  if (!target.version && versioning == Versioning::kOff) {
    remove_current(ref, target, now);
    return result;
  }
  if (target.version) result.version = *target.version;
  VersionEntry marker;
  marker.marker = true;
  marker.revision = random_hex(kIdSize);
  marker.versioned = versioning == Versioning::kEnabled;
  marker.modified = Duration(now.time_since_epoch()).count();
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    if (target.version ? !try_remove_version(ref, target, now, result)
                       : !mark(ref, target, marker, now)) {
      continue;
    }
    if (!target.version) {
      result.version = marker.id();
      result.delete_marker = true;
    }
    return result;
  }
  throw Unavailable("remove " + ref.text(), "it changes all the time");
}

bool VersionKeeper::take_away(const ObjectRef& ref, const std::function<bool(Look&)>& before) {
  LabelStore::Side side;
  ObjectFile gone;
  std::string folder;
  bool kept = false;
  ObjectTree::RemovalHooks hooks;
  hooks.check = [&](ObjectFile& file) {
    Look now = look(ref);
    kept = before(now);
    if (!kept) {
      forget_entry(ref, now.current->stored.revision);
      side = labels_.begin_removal(ref, file, LabelStore::Name::kGoes);
    }
    gone = std::move(file);
  };
  hooks.removed = [&] {
    if (!labels_.forget_link(ref)) side.link_note.clear();  // the next start sees the note
  };
  try {
    if (!tree_.remove(ref, hooks, folder)) return false;
  } catch (...) {
    labels_.finish(side, true);
    throw;
  }
  tree_.settle(ref.bucket, {folder});
  if (!kept) labels_.end_removal(side, gone);
  return true;
}

// In a bucket without versioning, some of whose objects have tags.
void VersionKeeper::remove_current(const ObjectRef& ref, const RemoveTarget& target, WallTime now) {
  bool removed = take_away(ref, [&](Look& look) {
    check_etag(target, &look.current->info, ref);
    check_may_remove(look.marks_of_current(), now, target.bypass_governance, ref);
    return false;
  });
  if (removed) tidy(ref);
}

// Puts a delete marker on top. False: the key changed meanwhile.
bool VersionKeeper::mark(const ObjectRef& ref, const RemoveTarget& target,
                         const VersionEntry& marker, WallTime now) {
  auto put_on_top = [&](const Look& look, KeyRecord record) {
    if (!marker.versioned) check_replaced(ref, look, now);
    if (!record.find(marker.revision)) record.entries.insert(record.entries.begin(), marker);
    records_.write(ref, record);
  };
  bool removed = take_away(ref, [&](Look& look) {
    check_etag(target, &look.current->info, ref);
    KeyRecord record = look.record;
    bool keeps = marker.versioned || look.current->stored.versioned();
    if (keeps) keep(ref, *look.current, record, now);
    write_note(ref, marker.revision, Step::kGoes, look.current->stored.revision);
    put_on_top(look, std::move(record));
    return keeps;
  });
  if (removed) {
    remove_at(core_.removals.get(), marker.revision);
  } else {
    std::lock_guard lock(core_.locks.of(ref.bucket + "/" + path_of_key(ref.key)));
    const Look now_there = look(ref);
    if (now_there.current) return false;
    check_etag(target, nullptr, ref);
    put_on_top(now_there, now_there.record);
  }
  if (!marker.versioned) tidy(ref);
  return true;
}

bool VersionKeeper::try_remove_version(const ObjectRef& ref, const RemoveTarget& target,
                                       WallTime now, RemoveResult& result) {
  if (target.etag_is) {
    throw Unsupported("remove " + ref.text(), "a condition on a version is not offered");
  }
  const Look seen = look(ref);
  const auto& others = seen.others;
  auto is_file = [&](std::size_t index) { return index < others.size() && !others[index].marker; };
  if (seen.current) {
    const StoredObject& stored = seen.current->stored;
    const std::string id = stored.versioned() ? stored.revision : std::string(kNullVersion);
    if (id == *target.version) {
      return is_file(0) ? promote(ref, others[0], stored.revision, target, now)
                        : remove_file(ref, stored.revision, target, now);
    }
  }
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (others[i].id() != *target.version) continue;
    result.delete_marker = others[i].marker;
    if (!seen.current && i == 0 && is_file(1)) {
      return promote(ref, others[1], others[0].revision, target, now);
    }
    return erase_other(ref, others[i], target, now);
  }
  return true;  // it has gone, which is what was asked for
}

bool VersionKeeper::erase_other(const ObjectRef& ref, const VersionEntry& victim,
                                const RemoveTarget& target, WallTime now) {
  std::lock_guard lock(core_.locks.of(ref.bucket + "/" + path_of_key(ref.key)));
  Look seen = look(ref);
  const auto& others = seen.others;
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (others[i].revision != victim.revision) continue;
    bool uncovers = !seen.current && i == 0 && others.size() > 1 && !others[1].marker;
    if (uncovers) return false;  // what it covers must become current in the same step
    check_may_remove(others[i].marks, now, target.bypass_governance, ref);
    std::erase_if(seen.record.entries,
                  [&](const auto& each) { return each.revision == victim.revision; });
    std::vector<std::string> gone;
    if (victim.kept) gone.push_back(victim.revision);
    write_without(ref, seen.record, gone);
    return true;
  }
  return false;
}

// A file that is about to go must not stay, or come back, under the name that a step which was cut
// off gave it among the old versions.
void VersionKeeper::forget_entry(const ObjectRef& ref, const std::string& revision) {
  KeyRecord record = records_.read(ref);
  VersionEntry* entry = record.find(revision);
  if (entry && entry->kept) {
    entry->kept = false;
    records_.write(ref, record);
  }
  records_.remove_kept(ref.bucket, revision);
}

bool VersionKeeper::remove_file(const ObjectRef& ref, const std::string& revision,
                                const RemoveTarget& target, WallTime now) {
  bool removed = false;
  try {
    removed = take_away(ref, [&](Look& look) {
      bool covers = !look.others.empty() && !look.others[0].marker;
      if (look.current->stored.revision != revision || covers) throw Changed();
      check_may_remove(look.marks_of_current(), now, target.bypass_governance, ref);
      return false;
    });
  } catch (const Changed&) {
    return false;
  }
  if (removed) tidy(ref);
  return removed;
}

// A link's revision and time are its name's; the name gets them back.
void VersionKeeper::restore_identity(const ObjectRef& ref, const VersionEntry& entry,
                                     LabelStore::Side& noted) {
  auto file = records_.open_kept(ref.bucket, entry.revision);
  if (!file) throw Changed();
  auto stored = labels_.read(ref, *file, false);
  if (!stored || stored->by_hand || codec::to_hex(stored->label.id) == entry.revision) return;
  labels_.write_link(
      ref, {stored->label.id, codec::from_hex(entry.revision).value_or(""), entry.modified}, noted);
}

// Removes the current version or delete marker `victim` and makes the kept version `next` current,
// in one step.
bool VersionKeeper::promote(const ObjectRef& ref, const VersionEntry& next,
                            const std::string& victim, const RemoveTarget& target, WallTime now) {
  LabelStore::Side side, noted;
  std::optional<ObjectFile> old;
  std::string name;
  auto give_up = [&] {
    labels_.finish(side, true);
    labels_.abandon_link(tree_, ref, noted);
  };
  try {
    TemporaryFile link = records_.link_kept(ref, next.revision);
    name = link.name();
    tree_.publish(ref, link, [&] {
      Look seen = look(ref);
      const bool file = seen.current.has_value();
      const std::size_t at = file ? 0 : 1;
      if (seen.others.size() <= at || seen.others[at].revision != next.revision) throw Changed();
      const std::string& top = file ? seen.current->stored.revision : seen.others[0].revision;
      if (top != victim) throw Changed();
      if (file) {
        check_may_remove(seen.marks_of_current(), now, target.bypass_governance, ref);
        forget_entry(ref, victim);
        old = std::move(seen.current->file);
        side = labels_.begin_removal(ref, *old, LabelStore::Name::kStays);
      } else {
        write_note(ref, victim, Step::kReturns, next.revision);
      }
      restore_identity(ref, next, noted);
      return ObjectTree::Replaced::kGoes;
    });
  } catch (const Changed&) {
    give_up();
    return false;
  } catch (const NotFound& error) {
    give_up();
    if (!error.code().empty()) throw;  // the bucket, not the version
    return false;
  }
  ::unlinkat(core_.temporary.get(), name.c_str(), 0);  // left where both were names of one file
  if (old) labels_.end_removal(side, *old);
  labels_.finish(noted, true);
  erase_entry(ref, victim);
  tidy(ref);
  if (!old) remove_at(core_.removals.get(), victim);
  return true;
}

void VersionKeeper::erase_entry(const ObjectRef& ref, const std::string& revision) {
  std::lock_guard lock(core_.locks.of(ref.bucket + "/" + path_of_key(ref.key)));
  KeyRecord record = records_.read(ref);
  auto erased =
      std::erase_if(record.entries, [&](const auto& each) { return each.revision == revision; });
  if (erased > 0) records_.write(ref, record);
}

void VersionKeeper::write_note(const ObjectRef& ref, const std::string& marker, Step step,
                               const std::string& revision) {
  FieldWriter writer;
  writer.text(ref.bucket);
  writer.text(ref.key);
  writer.text(revision);
  writer.byte(unsigned(step));
  const std::string bytes = seal(writer.take());
  if (step != Step::kForgotten) {
    return write_durably_at(core_, core_.removals.get(), marker, bytes);
  }
  // Lost with the power, it leaves a file that takes space, no more: not worth an fsync.
  Opened note = create_at(core_.removals.get(), marker);
  if (note.error == EEXIST) return;
  check_file(note.error, "note the removal of a version of " + ref.text());
  check_file(write_at(note.file.get(), bytes, 0), "note the removal of a version of " + ref.text());
}

void VersionKeeper::finish_notes() {
  std::vector<std::string> notes;
  int error = read_folder(core_.removals.get(), [&](const char* name, unsigned char) {
    notes.push_back(name);
    return true;
  });
  check_file(error, "read the notes of delete markers");
  for (const std::string& note : notes) finish_note(note);
}

void VersionKeeper::finish_note(const std::string& note) {
  ReadFile read = read_small(core_.removals.get(), note, kNoteLimit);
  auto bytes = unseal(read.bytes);
  if (read.error == 0 && bytes) {
    FieldReader reader(*bytes);
    ObjectRef ref;
    ref.bucket = reader.text();
    ref.key = reader.text();
    const std::string revision = reader.text();
    const Step step = Step(reader.byte());
    try {
      if (reader.good()) finish_step(ref, note, step, revision);
    } catch (const Changed&) {
      // The step was over, and another version came.
    } catch (const NotFound&) {
      // Its bucket went too.
    }
  }
  remove_at(core_.removals.get(), note);
}

void VersionKeeper::finish_step(const ObjectRef& ref, const std::string& marker, Step step,
                                const std::string& revision) {
  if (step == Step::kForgotten) {
    const KeyRecord record = records_.read(ref);
    const VersionEntry* entry = record.find(revision);
    if (!entry || !entry->kept) remove_kept(ref, revision);
    return;
  }
  if (step == Step::kReturns) {
    auto file = current(ref, false);
    if (!file || file->stored.revision != revision) return;  // it did not return
    erase_entry(ref, marker);
    return tidy(ref);
  }
  take_away(ref, [&](Look& look) {
    const auto& entries = look.record.entries;
    bool marked = !entries.empty() && entries.front().revision == marker;
    if (!marked || look.current->stored.revision != revision) throw Changed();
    const VersionEntry* entry = look.record.find(revision);
    return entry && entry->kept;
  });
}

}  // namespace holdfast::storage
