#include "storage/folder/version_keeper.h"

#include <algorithm>

#include "base/error.h"
#include "storage/folder/key_path.h"
#include "storage/lock_rules.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

constexpr int kMostAttempts = 1000;

}  // namespace

Marks VersionKeeper::Look::marks_of_current() const {
  const VersionEntry* entry = current ? record.find(current->stored.revision) : nullptr;
  return entry ? entry->marks : Marks{};
}

bool VersionKeeper::concerns(const std::string& bucket) const {
  return records_.settings(bucket)->versioning != Versioning::kOff || records_.has_records(bucket);
}

std::optional<OpenObject> VersionKeeper::current(const ObjectRef& ref, bool full) const {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    auto file = tree_.open(ref);
    if (!file) return std::nullopt;
    auto stored = labels_.read(ref, *file, full);
    if (!stored) continue;  // replaced while its label was read
    ObjectInfo info = stored->info(ref.key);
    return OpenObject{std::move(*file), std::move(*stored), std::move(info)};
  }
  throw Unavailable("open " + ref.text(), "it is replaced all the time");
}

std::optional<OpenObject> VersionKeeper::open_kept(const ObjectRef& ref,
                                                   const VersionEntry& entry) const {
  auto file = records_.open_kept(ref.bucket, entry.revision);
  if (!file) return std::nullopt;
  auto stored = labels_.read(ref, *file, true);
  if (!stored) return std::nullopt;
  // A link that was current had its own time and revision by its name, which now is another's.
  stored->revision = entry.revision;
  stored->modified =
      WallTime(std::chrono::duration_cast<WallTime::duration>(Duration(entry.modified)));
  ObjectInfo info = stored->info(ref.key);
  info.version = entry.id();
  info.marks = entry.marks;
  return OpenObject{std::move(*file), std::move(*stored), std::move(info)};
}

VersionKeeper::Look VersionKeeper::look(const ObjectRef& ref) const {
  Look out;
  out.current = current(ref, false);
  out.record = records_.read(ref);
  CurrentVersion is;
  if (out.current) is = {out.current->stored.revision, out.current->stored.versioned()};
  out.others = others_of(out.record, out.current ? &is : nullptr);
  return out;
}

void VersionKeeper::keep(const ObjectRef& ref, const OpenObject& object, KeyRecord& record,
                         WallTime now) {
  const std::string& revision = object.stored.revision;
  records_.keep_file(ref, object.file, revision);
  VersionEntry entry;
  if (const VersionEntry* known = record.find(revision)) entry.marks = known->marks;
  std::erase_if(record.entries, [&](const auto& each) { return each.revision == revision; });
  entry.revision = revision;
  entry.versioned = object.stored.versioned();
  entry.kept = true;
  entry.modified = Duration(object.stored.modified.time_since_epoch()).count();
  entry.ended = Duration(now.time_since_epoch()).count();
  record.entries.insert(record.entries.begin(), std::move(entry));
}

// What a new version called "null" takes the place of.
void VersionKeeper::check_replaced(const ObjectRef& ref, const Look& look, WallTime now) const {
  if (look.current && !look.current->stored.versioned()) {
    check_may_remove(look.marks_of_current(), now, false, ref);
  }
  for (const VersionEntry& entry : look.others) {
    if (!entry.versioned) check_may_remove(entry.marks, now, false, ref);
  }
}

VersionKeeper::Arrived VersionKeeper::arrive(const ObjectRef& ref, const Arrival& arrival) {
  const auto settings = records_.settings(ref.bucket);
  if (settings->versioning == Versioning::kEnabled && !arrival.versioned) {
    throw Unavailable("put " + ref.text(), "versioning of its bucket was enabled meanwhile");
  }
  if (!arrival.versioned && arrival.marks.empty() && !concerns(ref.bucket)) return {};
  const Look before = look(ref);
  KeyRecord record = before.record;
  Arrived out;
  out.kept = before.current && (arrival.versioned || before.current->stored.versioned());
  if (!arrival.versioned) check_replaced(ref, before, arrival.now);
  if (out.kept) keep(ref, *before.current, record, arrival.now);
  if (before.current && !out.kept) {
    // A second name that a step which was cut off left would keep its space.
    records_.remove_kept(ref.bucket, before.current->stored.revision);
  }
  if (!arrival.marks.empty() && !record.find(arrival.revision)) {
    VersionEntry entry;
    entry.revision = arrival.revision;
    entry.versioned = arrival.versioned;
    entry.marks = arrival.marks;
    record.entries.insert(record.entries.begin(), std::move(entry));
  }
  if (record != before.record) records_.write(ref, record);
  const CurrentVersion is{arrival.revision, arrival.versioned};
  std::size_t needed = others_of(record, &is).size() + (record.find(arrival.revision) ? 1 : 0);
  out.untidy = needed != record.entries.size();
  return out;
}

void VersionKeeper::tidy(const ObjectRef& ref) {
  if (!records_.has_records(ref.bucket)) return;
  std::lock_guard lock(core_.locks.of(ref.bucket + "/" + path_of_key(ref.key)));
  const Look now = look(ref);
  KeyRecord record;
  const std::string own = now.current ? now.current->stored.revision : "";
  const VersionEntry* entry = now.current ? now.record.find(own) : nullptr;
  if (entry && !entry->marks.empty()) {
    record.entries.push_back(*entry);
    record.entries.back().kept = false;
    record.entries.back().ended = 0;
  }
  record.entries.insert(record.entries.end(), now.others.begin(), now.others.end());
  if (record == now.record) return;
  std::vector<std::string> gone;
  for (const VersionEntry& each : now.record.entries) {
    const VersionEntry* left = record.find(each.revision);
    if (each.kept && (!left || !left->kept)) gone.push_back(each.revision);
  }
  write_without(ref, record, gone);
}

std::string VersionKeeper::change_marks(const ObjectRef& ref, bool bypass_governance, WallTime now,
                                        const std::function<void(Marks&)>& change) {
  std::lock_guard lock(core_.locks.of(ref.bucket + "/" + path_of_key(ref.key)));
  Look seen = look(ref);
  VersionEntry entry;
  if (seen.current) {
    entry.revision = seen.current->stored.revision;
    entry.versioned = seen.current->stored.versioned();
    entry.marks = seen.marks_of_current();
  }
  if (!seen.current || (!ref.version.empty() && ref.version != entry.id())) {
    if (ref.version.empty()) throw_no_such_key(ref);
    auto other = std::find_if(seen.others.begin(), seen.others.end(),
                              [&](const auto& each) { return each.id() == ref.version; });
    if (other == seen.others.end()) throw_no_such_version(ref);
    if (other->marker) throw_delete_marker(ref);
    entry = *other;
  }
  const Marks before = entry.marks;
  change(entry.marks);
  if (entry.marks == before) return entry.id();
  check_marks_change(before, entry.marks, *records_.settings(ref.bucket), now, bypass_governance,
                     ref);
  if (VersionEntry* known = seen.record.find(entry.revision)) {
    known->marks = entry.marks;
  } else {
    seen.record.entries.insert(seen.record.entries.begin(), entry);
  }
  std::erase_if(seen.record.entries, [](const VersionEntry& each) {
    return !each.marker && !each.kept && each.marks.empty();
  });
  records_.write(ref, seen.record);
  return entry.id();
}

std::vector<VersionInfo> VersionKeeper::versions(const ObjectRef& ref) const {
  std::vector<VersionInfo> out;
  Look seen = look(ref);
  if (seen.current) {
    VersionInfo info{std::move(seen.current->info)};
    const bool versioned = seen.current->stored.versioned();
    info.object.version = versioned ? seen.current->stored.revision : std::string(kNullVersion);
    out.push_back(std::move(info));
  }
  auto time = [](std::int64_t count) {
    return WallTime(std::chrono::duration_cast<WallTime::duration>(Duration(count)));
  };
  for (const VersionEntry& entry : seen.others) {
    VersionInfo info;
    info.delete_marker = entry.marker;
    if (!entry.marker) {
      auto kept = open_kept(ref, entry);
      if (!kept) continue;  // removed meanwhile
      info.object = std::move(kept->info);
      if (entry.ended != 0) info.noncurrent_since = time(entry.ended);
    }
    info.object.key = ref.key;
    info.object.version = entry.id();
    info.object.modified = time(entry.modified);
    out.push_back(std::move(info));
  }
  if (!out.empty()) out.front().latest = true;
  return out;
}

LabelStore::EachKept VersionKeeper::each_kept() const {
  return [this](const ObjectRef& ref, const std::function<void(const ObjectFile&)>& each) {
    for (const VersionEntry& entry : records_.read(ref).entries) {
      if (!entry.kept) continue;
      if (auto file = records_.open_kept(ref.bucket, entry.revision)) each(*file);
    }
  };
}

void VersionKeeper::write_without(const ObjectRef& ref, const KeyRecord& record,
                                  const std::vector<std::string>& gone) {
  for (const std::string& revision : gone) write_note(ref, revision, Step::kForgotten, revision);
  records_.write(ref, record);
  for (const std::string& revision : gone) {
    remove_kept(ref, revision);
    remove_at(core_.removals.get(), revision);
  }
}

void VersionKeeper::remove_kept(const ObjectRef& ref, const std::string& revision) {
  auto file = records_.open_kept(ref.bucket, revision);
  if (!file) return;
  auto now = tree_.open(ref);
  if (now && now->info.st_ino == file->info.st_ino) {
    return records_.remove_kept(ref.bucket, revision);  // only one name of the current file
  }
  LabelStore::Side side = labels_.begin_removal(ref, *file, LabelStore::Name::kStays);
  records_.remove_kept(ref.bucket, revision);
  labels_.end_removal(side, *file);
}

}  // namespace holdfast::storage
