#include "storage/folder/label_store.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "codec/text.h"
#include "storage/folder/key_path.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kHashSize = 16;     // bytes of a hash that stands for a name
constexpr std::size_t kNoteLimit = 4096;  // bytes of a note in pending/
constexpr std::int64_t kTimeStep = 1000;  // nanoseconds: finer than any time a label is named by
constexpr std::string_view kLinkNote = "link-";  // how notes about link records begin
constexpr std::size_t kNoLimit = std::size_t(-1);

std::string hash_of(std::string_view text) {
  return codec::to_hex(
      codec::digest_of(codec::DigestAlgorithm::kSha256, text).substr(0, kHashSize));
}

std::string folder_of_label(const std::string& name) { return name.substr(0, 2); }

FileStamp stamp_of(const struct stat& info) {
  return {std::uint64_t(info.st_size), modified_of(info)};
}

WallTime wall_time(std::int64_t nanoseconds) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(Duration(nanoseconds)));
}

// Where the link record of a name lies in ROOT/.hf~sys/links: records of one folder are together.
struct LinkPlace {
  std::string bucket, folder, name;
  std::string path() const { return bucket + "/" + folder + "/" + name; }
};
LinkPlace link_place(const ObjectRef& ref) {
  std::string path = path_of_key(ref.key);
  std::size_t slash = path.rfind('/');
  bool nested = slash != std::string::npos;
  return {ref.bucket, hash_of(nested ? path.substr(0, slash) : ""),
          nested ? path.substr(slash + 1) : path};
}

}  // namespace

StoredObject LabelStore::by_hand(const ObjectFile& file) {
  StoredObject out;
  out.by_hand = true;
  out.label.stamp = stamp_of(file.info);
  out.modified = wall_time(out.label.stamp.modified);
  FieldWriter identity;
  identity.fixed(out.label.stamp.size, 8);
  identity.fixed(std::uint64_t(out.label.stamp.modified), 8);
  out.label.md5 = codec::from_hex(hash_of(identity.bytes())).value_or("");
  identity.fixed(file.info.st_ino, 8);
  out.revision = "h" + hash_of(identity.bytes());
  return out;
}

ObjectInfo StoredObject::info(const std::string& key) const {
  ObjectInfo out;
  out.key = key;
  out.size = label.sealed ? label.sealed->size : label.stamp.size;
  out.etag = by_hand ? codec::to_hex(label.md5) + "-0" : label.etag();
  out.revision = revision;
  out.modified = modified;
  out.attributes = label.attributes;
  out.parts = label.parts;
  out.encryption = label.encryption();
  return out;
}

bool StoredObject::versioned() const {
  return !by_hand && label.versioned && revision == codec::to_hex(label.id);
}

LabelStore::LabelStore(Core& core)
    : core_(core), reads_closed_(core.use_xattrs && core.options.closed_labels) {
  if (!core_.labels || !core_.use_xattrs || core_.options.read_only) return;
  auto holds_something = [](const Descriptor& folder) {
    bool any = false;
    read_folder(folder.get(), [&](const char*, unsigned char) { return !(any = true); });
    return any;
  };
  has_sides_ = holds_something(core_.labels);
  has_links_ = holds_something(core_.links);
}

std::string LabelStore::side_name(const ObjectRef& ref, const FileStamp& stamp) const {
  FieldWriter stamped;
  stamped.fixed(stamp.size, 8);
  stamped.fixed(std::uint64_t(stamp.modified), 8);
  return hash_of(ref.text()) + "-" + codec::to_hex(stamped.bytes());
}

void LabelStore::read_attribute(const ObjectFile& file, StoredObject& out, bool& needs_side) const {
  char value[512];
  ssize_t size = ::fgetxattr(file.file.get(), kLabelAttribute, value, sizeof value);
  if (size < 0 && errno != ERANGE) {
    if (errno == ENODATA || errno == EOPNOTSUPP) return;
    throw_file_error(errno, "read the attributes of an object");
  }
  take_label({value, std::size_t(std::max<ssize_t>(size, 0))}, stamp_of(file.info), out,
             needs_side);
}

void LabelStore::take_label(std::string_view value, const FileStamp& stamp, StoredObject& out,
                            bool& needs_side) {
  auto core = decode_core(value);
  if (!core) {
    out.damaged = true;
    return;
  }
  if (core->label.stamp != stamp) return;
  needs_side = core->needs_side;
  out.label = std::move(core->label);
  out.by_hand = false;
  out.revision = codec::to_hex(out.label.id);
}

// Both looks may see different files when the name changes hands in between. The label then tells:
// it holds the stamp of its file, and all that is told of the object is in the label.
std::optional<StoredObject> LabelStore::read_closed(const ObjectRef& ref, int folder,
                                                    const std::string& name, bool full) const {
  // One name alone: on a path of several a link might stand.
  if (!reads_closed_ || name.find('/') != std::string::npos) return std::nullopt;
  struct stat info{};
  if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(info.st_mode)) {
    return std::nullopt;
  }
  char value[512];
  const ssize_t size = read_attribute_at(folder, name, kLabelAttribute, value);
  if (size < 0) {
    // Some sandboxes answer EPERM to calls that they do not know.
    if (errno == ENOSYS || errno == EPERM) reads_closed_ = false;
    return std::nullopt;
  }
  StoredObject out;
  out.by_hand = true;
  out.modified = wall_time(stamp_of(info).modified);
  bool needs_side = false;
  take_label({value, std::size_t(size)}, stamp_of(info), out, needs_side);
  if (out.by_hand || (needs_side && full)) return std::nullopt;
  apply_link(ref, out);
  return out;
}

// False: there is no label; the object was put by hand, or has gone.
bool LabelStore::read_side_label(const ObjectRef& ref, const ObjectFile& file,
                                 StoredObject& out) const {
  if (!core_.labels) return false;
  std::string name = side_name(ref, stamp_of(file.info));
  ReadFile read = read_small(core_.labels.get(), folder_of_label(name) + "/" + name, kSideLimit);
  if (read.error == ENOENT) return false;
  check_file(read.error, "read the label of " + ref.text());
  auto bytes = unseal(read.bytes);
  auto core = bytes ? decode_core(*bytes) : std::nullopt;
  if (!core || core->label.stamp != stamp_of(file.info)) {
    out.damaged = true;
    return true;
  }
  out.label = std::move(core->label);
  out.by_hand = false;
  out.revision = codec::to_hex(out.label.id);
  return true;
}

void LabelStore::apply_link(const ObjectRef& ref, StoredObject& out) const {
  if (!has_links_ || !core_.links) return;
  ReadFile read = read_small(core_.links.get(), link_place(ref).path(), kNoteLimit);
  if (read.error != 0) return;
  auto record = decode_link_record(read.bytes);
  if (!record || record->source_id != out.label.id) return;
  out.revision = codec::to_hex(record->id);
  out.modified = wall_time(record->modified);
}

std::optional<StoredObject> LabelStore::read(const ObjectRef& ref, const ObjectFile& file,
                                             bool full) const {
  StoredObject out;
  out.by_hand = true;
  out.modified = wall_time(stamp_of(file.info).modified);
  // What a file without a label is known by costs two digests: made only when it is needed.
  auto without_label = [&] {
    StoredObject made = by_hand(file);
    made.damaged = out.damaged;
    return made;
  };
  auto gone = [&] {
    struct stat now{};
    return ::fstat(file.file.get(), &now) == 0 && now.st_nlink == 0;
  };
  if (!core_.use_xattrs) {
    if (!read_side_label(ref, file, out) && full && gone()) return std::nullopt;
    return out.by_hand ? without_label() : out;
  }
  bool needs_side = false;
  read_attribute(file, out, needs_side);
  if (out.by_hand) return without_label();
  apply_link(ref, out);
  if (!needs_side || !full) return out;
  std::string name = codec::to_hex(out.label.id);
  ReadFile side;
  side.error = ENOENT;
  if (core_.labels) {
    side = read_small(core_.labels.get(), folder_of_label(name) + "/" + name, kSideLimit);
  }
  if (side.error == ENOENT && gone()) return std::nullopt;
  if (side.error == EACCES) throw_file_error(side.error, "read the label of " + ref.text());
  if (side.error != 0 || !decode_side(side.bytes, out.label)) out.damaged = true;
  return out;
}

void LabelStore::write_note(const ObjectRef& ref, const std::string& name) {
  Opened note = create_at(core_.pending.get(), name);
  if (note.error == EEXIST) return;
  check_file(note.error, "note the label of " + ref.text());
  FieldWriter writer;
  writer.text(ref.bucket);
  writer.text(ref.key);
  const std::string bytes = seal(writer.take());
  // An attribute becomes durable together with the name, bytes only later: a power cut would leave
  // an empty note.
  if (core_.use_xattrs && set_attribute(note.file.get(), kLabelAttribute, bytes) == 0) return;
  check_file(write_at(note.file.get(), bytes, 0), "note the label of " + ref.text());
}

// A copy and a removal under one name end after its lock is free: each has a note of its own.
std::string LabelStore::write_link_note(const ObjectRef& ref) {
  std::string name = std::string(kLinkNote) + core_.unique_name();
  write_note(ref, name);
  return name;
}

// False: the name is taken.
bool LabelStore::write_side(const ObjectRef& ref, const std::string& name,
                            const std::string& bytes) {
  const std::string what = "write the label of " + ref.text();
  has_sides_ = true;
  TemporaryFile file(core_);
  check_file(write_at(file.file(), bytes, 0), what);
  check_file(sync_data(file.file(), name), what);
  Opened folder = open_or_make_folder(core_.labels.get(), folder_of_label(name), true);
  check_file(folder.error, what);
  try {
    write_note(ref, name);
    int error = link_at(core_.temporary.get(), file.name(), folder.file.get(), name);
    if (error == EEXIST) {
      ::unlinkat(core_.pending.get(), name.c_str(), 0);
      return false;
    }
    check_file(error, what);
    core_.folder_sync.sync(folder.file.get(), name);
    return true;
  } catch (...) {
    ::unlinkat(folder.file.get(), name.c_str(), 0);
    ::unlinkat(core_.pending.get(), name.c_str(), 0);
    throw;
  }
}

LabelStore::Side LabelStore::attach(const ObjectRef& ref, int file, Label& label, WallTime now) {
  const std::string what = "write the label of " + ref.text();
  std::int64_t time = Duration(now.time_since_epoch()).count();
  while (true) {
    check_file(set_modified(file, time), what);
    struct stat info{};
    if (::fstat(file, &info) < 0) throw_file_error(errno, what);
    label.stamp = stamp_of(info);
    if (core_.use_xattrs) {
      EncodedLabel encoded = encode_label(label, kInlineLimit);
      Side side{encoded.side.empty() ? "" : codec::to_hex(label.id)};
      check_file(set_attribute(file, kLabelAttribute, encoded.core), what);
      if (!side.name.empty()) write_side(ref, side.name, encoded.side);
      return side;
    }
    Side side{side_name(ref, label.stamp)};
    if (write_side(ref, side.name, seal(encode_label(label, kNoLimit).core))) return side;
    time += kTimeStep;
  }
}

void LabelStore::write_link(const ObjectRef& ref, const LinkRecord& record, Side& side) {
  const std::string what = "write the time of the copy " + ref.text();
  LinkPlace place = link_place(ref);
  has_links_ = true;
  if (side.link_note.empty()) side.link_note = write_link_note(ref);
  while (true) {
    Opened bucket = open_or_make_folder(core_.links.get(), place.bucket, true);
    check_file(bucket.error, what);
    Opened folder = open_or_make_folder(bucket.file.get(), place.folder, true);
    if (folder.error == ENOENT) continue;
    check_file(folder.error, what);
    TemporaryFile file(core_);
    check_file(write_at(file.file(), encode_link_record(record), 0), what);
    check_file(sync_data(file.file(), place.name), what);
    int error = rename_at(core_.temporary.get(), file.name(), folder.file.get(), place.name);
    if (error == ENOENT) continue;  // the folder was emptied and removed meanwhile
    check_file(error, what);
    file.moved();
    core_.folder_sync.sync(folder.file.get(), place.name);
    return;
  }
}

void LabelStore::finish(const Side& side, bool keep) noexcept {
  try {
    if (!side.name.empty() && !keep) {
      remove_at(core_.labels.get(), folder_of_label(side.name) + "/" + side.name);
    }
    for (const std::string& note : {side.name, side.link_note}) {
      if (!note.empty()) remove_at(core_.pending.get(), note);
    }
  } catch (const std::exception&) {
    return;  // the note is still there
  }
}

std::string LabelStore::name_of(const ObjectRef& ref, const ObjectFile& file) const {
  if (!core_.use_xattrs) return side_name(ref, stamp_of(file.info));
  StoredObject object;
  bool needs_side = false;
  read_attribute(file, object, needs_side);
  return needs_side ? codec::to_hex(object.label.id) : "";
}

LabelStore::Side LabelStore::begin_removal(const ObjectRef& ref, const ObjectFile& file,
                                           Name name) {
  Side side;
  if (core_.use_xattrs && has_links_ && name == Name::kGoes &&
      open_at(core_.links.get(), link_place(ref).path(), O_PATH)) {
    side.link_note = write_link_note(ref);
  }
  if (core_.use_xattrs && !has_sides_) return side;
  side.name = name_of(ref, file);
  if (side.name.empty()) return side;
  struct stat now{};
  bool shared = core_.use_xattrs && ::fstat(file.file.get(), &now) == 0 && now.st_nlink > 1;
  if (!shared) write_note(ref, side.name);
  return side;
}

void LabelStore::end_removal(const Side& side, const ObjectFile& file) noexcept {
  struct stat now{};
  bool gone = !core_.use_xattrs || (::fstat(file.file.get(), &now) == 0 && now.st_nlink == 0);
  finish(side, !gone);
}

bool LabelStore::forget_link(const ObjectRef& ref) noexcept {
  if (!has_links_ || !core_.use_xattrs) return true;
  try {
    LinkPlace place = link_place(ref);
    Opened bucket = open_folder_at(core_.links.get(), place.bucket);
    if (!bucket) return true;
    Opened folder = open_folder_at(bucket.file.get(), place.folder);
    if (!folder) return true;
    int error = remove_at(folder.file.get(), place.name);
    if (error == 0) remove_folder_at(bucket.file.get(), place.folder);
    return error == 0 || error == ENOENT;
  } catch (const std::exception&) {
    return false;
  }
}

void LabelStore::abandon_link(const ObjectTree& tree, const ObjectRef& ref,
                              const Side& side) noexcept {
  if (side.link_note.empty()) return;
  try {
    std::lock_guard lock(core_.locks.of(ref.bucket + "/" + path_of_key(ref.key)));
    if (tree.open(ref) || forget_link(ref)) finish({"", side.link_note}, true);
  } catch (const std::exception&) {
    return;  // the note is still there
  }
}

void LabelStore::forget_bucket(const std::string& bucket) {
  check_file(remove_all_at(core_.links.get(), bucket), "forget bucket " + bucket);
}

void LabelStore::clean(ObjectTree& tree, const EachKept& each_kept) {
  std::vector<std::string> names;
  int error = read_folder(core_.pending.get(), [&](const char* name, unsigned char) {
    names.push_back(name);
    return true;
  });
  check_file(error, "read the folder's pending notes");
  for (const std::string& name : names) resolve_note(tree, each_kept, name);
}

std::string LabelStore::read_note(const std::string& name) const {
  const Opened note = open_at(core_.pending.get(), name, O_RDONLY);
  char value[kNoteLimit];
  const ssize_t size =
      note ? ::fgetxattr(note.file.get(), kLabelAttribute, value, sizeof value) : -1;
  if (size > 0) return {value, std::size_t(size)};
  ReadFile read = read_small(core_.pending.get(), name, kNoteLimit);
  return read.error == 0 ? std::move(read.bytes) : "";
}

void LabelStore::resolve_note(ObjectTree& tree, const EachKept& each_kept,
                              const std::string& name) {
  const std::string note = read_note(name);
  const auto bytes = unseal(note);
  bool keep = true;  // of what an unreadable note meant, nothing is removed
  if (bytes) {
    FieldReader reader(*bytes);
    ObjectRef ref;
    ref.bucket = reader.text();
    ref.key = reader.text();
    std::optional<ObjectFile> file;
    try {
      file = tree.open(ref);
    } catch (const NotFound&) {
      file.reset();  // its bucket went too
    }
    if (name.starts_with(kLinkNote)) {
      if (!file) forget_link(ref);
    } else {
      keep = file && name_of(ref, *file) == name;
      if (!keep) {
        each_kept(ref, [&](const ObjectFile& kept) { keep = keep || name_of(ref, kept) == name; });
      }
    }
  }
  finish({name, ""}, keep);
}

}  // namespace holdfast::storage
