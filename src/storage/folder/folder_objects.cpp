#include "storage/folder/folder_objects.h"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "codec/text.h"
#include "storage/folder/body_writer.h"
#include "storage/folder/file_copy.h"
#include "storage/folder/key_path.h"
#include "storage/folder/sealed_object.h"
#include "storage/lock_rules.h"
#include "storage/rules.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kRemovedAtOnce = 128;  // so that not too many files are open

WallTime now_of(const Context& context) { return context.clock().now(); }

WallTime wall_time(const FileStamp& stamp) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(Duration(stamp.modified)));
}

Marks marks_of_copy(const OpenObject& from, const CopyRequest& request) {
  Marks marks = request.marks;
  if (!request.replace_tags) marks.tags = from.info.marks.tags;
  return marks;
}

}  // namespace

// What the bucket's records tell of the current object.
void FolderObjects::add_version(const ObjectRef& ref, OpenObject& object) const {
  if (!versions_.concerns(ref.bucket)) return;
  const std::string& revision = object.stored.revision;
  if (records_.settings(ref.bucket)->versioning != Versioning::kOff) {
    object.info.version = object.stored.versioned() ? revision : std::string(kNullVersion);
  }
  if (!records_.has_records(ref.bucket)) return;
  const KeyRecord record = records_.read(ref);
  if (const VersionEntry* entry = record.find(revision)) object.info.marks = entry->marks;
}

// The current file is looked at before the record: a version that stops being current is noted
// there before its file goes.
OpenObject FolderObjects::open_version(const ObjectRef& ref) const {
  for (int attempt = 0; attempt < 3; ++attempt) {
    auto current = open(ref);
    CurrentVersion is;
    if (current) {
      is = {current->stored.revision, current->stored.versioned()};
      if (ref.version == (is.versioned ? is.revision : kNullVersion)) {
        add_version(ref, *current);
        return std::move(*current);
      }
    }
    for (const VersionEntry& entry : others_of(records_.read(ref), current ? &is : nullptr)) {
      if (entry.id() != ref.version) continue;
      if (entry.marker) throw_delete_marker(ref);
      auto kept = versions_.open_kept(ref, entry);
      if (kept) return std::move(*kept);
    }
  }
  throw_no_such_version(ref);
}

OpenObject FolderObjects::open_existing(const ObjectRef& ref) const {
  check_key(ref.key);
  std::optional<OpenObject> found;
  if (ref.version.empty()) {
    found = open(ref);
    if (!found) throw_no_such_key(ref);
    add_version(ref, *found);
  } else {
    found = open_version(ref);
  }
  if (found->stored.damaged) {
    throw Corrupt("read " + ref.text(), "its stored attributes are damaged",
                  "put the object again");
  }
  return std::move(*found);
}

void FolderObjects::check(const Condition& condition, const ObjectRef& ref) const {
  if (condition.empty()) return;
  auto current = open(ref);
  check_write_condition(condition, current ? &current->info : nullptr, ref);
}

// The side file of what is replaced is noted before and removed after.
void FolderObjects::publish_with(const ObjectRef& ref, TemporaryFile& file,
                                 const Condition& condition, const Arrival& arrival,
                                 const std::function<void()>& last_step) {
  std::optional<ObjectFile> old;
  LabelStore::Side old_side;
  VersionKeeper::Arrived arrived;
  try {
    tree_.publish(ref, file, [&] {
      check(condition, ref);
      arrived = versions_.arrive(ref, arrival);
      if (!arrived.kept && labels_.has_sides()) {
        old = tree_.open(ref);
        if (old) old_side = labels_.begin_removal(ref, *old, LabelStore::Name::kStays);
      }
      last_step();
      return old_side.name.empty() ? ObjectTree::Replaced::kMayBeSpare
                                   : ObjectTree::Replaced::kGoes;
    });
  } catch (...) {
    if (!file.is_moved()) labels_.finish(old_side, true);
    throw;
  }
  if (old) labels_.end_removal(old_side, *old);
  if (arrived.untidy) versions_.tidy(ref);
}

Published FolderObjects::publish(const Context& context, const ObjectRef& ref, TemporaryFile& file,
                                 Label& label, const Condition& condition, Marks marks) {
  const WallTime now = now_of(context);
  const auto settings = records_.settings(ref.bucket);
  label.versioned = settings->versioning == Versioning::kEnabled;
  const Arrival arrival{codec::to_hex(label.id), label.versioned,
                        marks_of_new(std::move(marks), *settings, now, ref), now};
  LabelStore::Side side = labels_.attach(ref, file.file(), label, now);
  try {
    check_file(sync_data(file.file(), file.name()), "put " + ref.text());
    publish_with(ref, file, condition, arrival, [] {});
  } catch (...) {
    labels_.finish(side, file.is_moved());
    throw;
  }
  labels_.finish(side, true);
  Published out{arrival.revision, ""};
  if (settings->versioning == Versioning::kEnabled) out.version = arrival.revision;
  if (settings->versioning == Versioning::kSuspended) out.version = kNullVersion;
  return out;
}

Label FolderObjects::write(const Context& context, const ObjectRef& ref, Source& body,
                           const PutRequest& request, TemporaryFile& file,
                           std::optional<codec::DigestAlgorithm> kind) {
  Label label;
  WrittenBody written;
  if (request.encryption.empty()) {
    written = write_body(context, core_, ref, body, request, file.file(), 0, kind);
  } else {
    const SealingKey key = sealing_key(core_.options, request.encryption, "put " + ref.text());
    const std::uint64_t size = body.size().value_or(0);
    written = write_sealed_body(context, core_, ref, body, request, file.file(), 0,
                                {key, new_object_id(), 0}, kind);
    label.sealed = SealedLabel{key.with, size};
  }
  label.id = random_bytes(kIdSize);
  label.md5 = written.md5;
  label.attributes = request.attributes;
  label.attributes.checksum = written.checksum;
  return label;
}

PutResult FolderObjects::put(const Context& context, const ObjectRef& ref, Source& body,
                             const PutRequest& request) {
  check_key(ref.key);
  core_.check_writable("put " + ref.text());
  tree_.check_bucket(ref.bucket);
  check(request.condition, ref);  // again when it counts, but not only after a long body
  TemporaryFile file(core_);
  Label label = write(context, ref, body, request, file);
  Published made = publish(context, ref, file, label, request.condition, request.marks);
  return {label.etag(), made.revision, made.version, label.encryption()};
}

CopyResult FolderObjects::copy(const Context& context, const ObjectRef& source,
                               const ObjectRef& destination, const CopyRequest& request) {
  check_key(destination.key);
  core_.check_writable("copy to " + destination.text());
  tree_.check_bucket(destination.bucket);
  OpenObject from = open_existing(source);
  check_read_condition(request.source_condition, from.info, source, true);
  check(request.condition, destination);
  // A link's identity belongs to its name, which versions change: a version has a file of its own.
  bool may_link = !request.replace && !from.stored.by_hand && core_.use_xattrs && !core_.reflinks &&
                  source.version.empty() &&
                  records_.settings(destination.bucket)->versioning == Versioning::kOff;
  const bool sealed = from.stored.label.sealed || !request.encryption.empty() ||
                      !request.source_customer_key.empty();
  std::optional<CopyResult> result;
  if (sealed) {
    result = copy_through(context, source, from, destination, request);
  } else if (may_link)
    result = copy_by_link(context, source, from, destination, request);
  if (!result) result = copy_bytes_of(context, from, destination, request);
  result->source_version = from.info.version;
  return *result;
}

// Gives the source's file another name, `name` among the temporary ones. False: it cannot have one
// more. Under the source's lock and only while its name still means this file, so that whoever
// removes the file's last name knows that it is the last (label_store.h).
bool FolderObjects::link_aside(const ObjectRef& source, const OpenObject& from,
                               const std::string& name) {
  std::lock_guard lock(core_.locks.of(source.bucket + "/" + path_of_key(source.key)));
  auto current = tree_.open(source);
  if (!current || current->info.st_ino != from.file.info.st_ino) return false;
  int error = link_open_file(from.file.file.get(), core_.temporary.get(), name);
  if (error == ENOENT || error == EMLINK || error == EXDEV || error == EPERM) return false;
  check_file(error, "link " + source.text());
  return true;
}

std::optional<CopyResult> FolderObjects::copy_by_link(const Context& context,
                                                      const ObjectRef& source,
                                                      const OpenObject& from,
                                                      const ObjectRef& destination,
                                                      const CopyRequest& request) {
  const std::string name = core_.unique_name();
  if (!link_aside(source, from, name)) return std::nullopt;
  TemporaryFile link(core_, name, Descriptor());
  LinkRecord record{from.stored.label.id, random_bytes(kIdSize),
                    Duration(now_of(context).time_since_epoch()).count()};
  const Arrival arrival{
      codec::to_hex(record.id), false,
      marks_of_new(marks_of_copy(from, request), *records_.settings(destination.bucket),
                   now_of(context), destination),
      now_of(context)};
  LabelStore::Side noted;
  try {
    publish_with(destination, link, request.condition, arrival,
                 [&] { labels_.write_link(destination, record, noted); });
  } catch (...) {
    if (!link.is_moved()) labels_.abandon_link(tree_, destination, noted);
    throw;
  }
  labels_.finish(noted, true);
  // Renaming over another name of the same file does nothing and leaves both names.
  ::unlinkat(core_.temporary.get(), name.c_str(), 0);
  return CopyResult{
      from.info.etag, codec::to_hex(record.id),
      WallTime(std::chrono::duration_cast<WallTime::duration>(Duration(record.modified)))};
}

CopyResult FolderObjects::copy_through(const Context& context, const ObjectRef& source,
                                       const OpenObject& from, const ObjectRef& destination,
                                       const CopyRequest& request) {
  auto body =
      open_plain(core_.options, from, request.source_customer_key, {0, from.info.size}, source);
  PutRequest put{.attributes = request.replace ? *request.replace : from.info.attributes,
                 .encryption = request.encryption};
  // The copy is of one piece: what was the checksum of parts is made anew.
  std::optional<codec::DigestAlgorithm> kind;
  put.attributes.checksum = from.info.attributes.checksum;
  if (const auto& checksum = put.attributes.checksum; checksum && checksum->composite) {
    kind = checksum->algorithm;
    put.attributes.checksum.reset();
  }
  TemporaryFile file(core_);
  Label label = write(context, destination, *body, put, file, kind);
  Published made =
      publish(context, destination, file, label, request.condition, marks_of_copy(from, request));
  return {label.etag(), made.revision,     wall_time(label.stamp), made.version,
          "",           label.encryption()};
}

CopyResult FolderObjects::copy_bytes_of(const Context& context, OpenObject& from,
                                        const ObjectRef& destination, const CopyRequest& request) {
  const std::uint64_t size = from.info.size;
  TemporaryFile file(core_);
  Label label = from.stored.label;
  label.id = random_bytes(kIdSize);
  if (from.stored.by_hand) {
    FileSource body({from.file.file.get(), 0, size}, from.info.key);
    label.md5 = write_body(context, core_, destination, body, {}, file.file(), 0).md5;
  } else if (!core_.reflinks || !share_blocks(from.file.file.get(), file.file())) {
    core_.check_space(size);
    copy_bytes(from.file.file.get(), 0, file.file(), 0, size, from.info.key);
  }
  if (request.replace) {
    if (request.replace->checksum != label.attributes.checksum) label.part_checksums.clear();
    label.attributes = *request.replace;
  }
  Published made =
      publish(context, destination, file, label, request.condition, marks_of_copy(from, request));
  return {label.etag(), made.revision, wall_time(label.stamp), made.version};
}

std::vector<RemoveResult> FolderObjects::remove(const Context& context, const std::string& bucket,
                                                const std::vector<RemoveTarget>& targets) {
  core_.check_writable("remove from " + bucket);
  tree_.check_bucket(bucket);
  std::vector<RemoveResult> results(targets.size());
  for (std::size_t at = 0; at < targets.size(); at += kRemovedAtOnce) {
    std::size_t count = std::min(kRemovedAtOnce, targets.size() - at);
    remove_some(now_of(context), bucket, &targets[at], &results[at], count);
  }
  return results;
}

void FolderObjects::remove_some(WallTime now, const std::string& bucket,
                                const RemoveTarget* targets, RemoveResult* results,
                                std::size_t count) {
  struct Gone {
    LabelStore::Side side;
    ObjectFile file;
  };
  std::vector<Gone> gone;
  std::set<std::string> folders;
  for (std::size_t i = 0; i < count; ++i) {
    const ObjectRef ref{bucket, targets[i].key};
    results[i].key = ref.key;
    Gone old;
    try {
      check_key(ref.key);
      if (targets[i].version || versions_.concerns(bucket)) {
        results[i] = versions_.remove(ref, targets[i], now);
        continue;
      }
      ObjectTree::RemovalHooks hooks;
      hooks.check = [&](ObjectFile& file) {
        if (targets[i].etag_is) check({.etag_is = {*targets[i].etag_is}}, ref);
        old.side = labels_.begin_removal(ref, file, LabelStore::Name::kGoes);
        old.file = std::move(file);
      };
      hooks.removed = [&] {
        if (!labels_.forget_link(ref)) old.side.link_note.clear();  // the next start sees the note
      };
      std::string folder;
      if (!tree_.remove(ref, hooks, folder)) continue;
      folders.insert(folder);
      if (!old.side.empty()) gone.push_back(std::move(old));
    } catch (const Error& error) {
      labels_.finish(old.side, true);
      results[i].error = error;
    }
  }
  try {
    tree_.settle(bucket, folders);
    for (Gone& each : gone) labels_.end_removal(each.side, each.file);
  } catch (const Error& error) {
    for (std::size_t i = 0; i < count; ++i) {
      if (!results[i].error)
        results[i].error =
            Unavailable("remove " + results[i].key, "perhaps not durable: " + error.to_string());
    }
  }
}

}  // namespace holdfast::storage
