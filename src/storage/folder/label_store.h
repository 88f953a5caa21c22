// Where labels lie and how they come and go with their objects (docs/formats/folder.md, "Labels").
//
// With extended attributes the label's core is one attribute of the file, so that both are
// published by one rename; what does not fit lies in a side file named by the label's id. Without
// them the whole label is a side file named by the object's name, size and time. Side files are
// durable before the object is published and are removed after it went; a note in
// ROOT/.hf~sys/pending names the object meanwhile, so that the next start can tell which of both
// happened.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "storage/folder/core.h"
#include "storage/folder/label.h"
#include "storage/folder/object_tree.h"

namespace holdfast::storage {

inline constexpr const char* kLabelAttribute = "user.holdfast";

// What is known of an object's file. `by_hand`: nobody put it through holdfast, or it was changed
// since; the label is then made up. `damaged`: its label is there and cannot be read.
struct StoredObject {
  Label label;
  std::string revision;
  WallTime modified;
  bool by_hand = false;
  bool damaged = false;

  ObjectInfo info(const std::string& key) const;
  // Whether it is a version of its own, not the one called "null". A link is not: the label is its
  // source's.
  bool versioned() const;
};

class LabelStore {
 public:
  explicit LabelStore(Core& core);

  // Label and record of the object `file` that was opened under `ref`. `full`: with what lies in a
  // side file; nullopt then means that the object went while it was read, and the caller opens
  // anew. Without `full` attributes and part sizes may be missing.
  std::optional<StoredObject> read(const ObjectRef& ref, const ObjectFile& file, bool full) const;

  // The same without opening the file `name`, which lies in an open folder. nullopt: it has to be
  // opened, to be read or to know that it is not there.
  std::optional<StoredObject> read_closed(const ObjectRef& ref, int folder, const std::string& name,
                                          bool full) const;

  // What is known of a file without any label.
  static StoredObject by_hand(const ObjectFile& file);

  // What belongs to an object outside its file and folder: names of a side file and of notes.
  struct Side {
    std::string name;       // of the side file and the note about it; empty: there is none
    std::string link_note;  // of a note that the name's link record comes or goes; empty: none
    bool empty() const { return name.empty() && link_note.empty(); }
  };
  // Gives an unpublished file its label: sets the file's time to about `now` and `label.stamp` to
  // what the file then has, and writes what must be durable before the file is published.
  Side attach(const ObjectRef& ref, int file, Label& label, WallTime now);
  // After the object with this side file was published (keep), or when it will not be (not keep).
  // Never throws: what cannot be cleared away now is cleared at the next start.
  void finish(const Side& side, bool keep) noexcept;

  // Before the object `file` under `ref` is replaced, or removed together with its name; under its
  // key's lock.
  enum class Name { kStays, kGoes };
  Side begin_removal(const ObjectRef& ref, const ObjectFile& file, Name name);
  // After that is durable. Never throws, as finish().
  void end_removal(const Side& side, const ObjectFile& file) noexcept;
  // Durably notes the time of a copy that will be a link of a file which keeps its own. Only with
  // extended attributes. Under the key's lock, before the link is published. The first call adds to
  // `side` a note that the record may be there without its object: for finish() when the link was
  // published, for abandon_link() when it will not be.
  void write_link(const ObjectRef& ref, const LinkRecord& record, Side& side);
  // Takes the key's lock. Never throws.
  void abandon_link(const ObjectTree& tree, const ObjectRef& ref, const Side& side) noexcept;
  // When an object was removed: forgets its name's link record. Under its key's lock. Never throws;
  // false: the record may still be there.
  bool forget_link(const ObjectRef& ref) noexcept;
  void forget_bucket(const std::string& bucket);

  // At start: removes side files and link records whose object was not published or is gone.
  // `each_kept` calls its argument with the files of a key that are kept though they are not its
  // current one.
  using EachKept =
      std::function<void(const ObjectRef&, const std::function<void(const ObjectFile&)>&)>;
  void clean(ObjectTree& tree, const EachKept& each_kept);
  // Whether replacing an object may leave something to remove.
  bool has_sides() const { return has_sides_; }

 private:
  std::string side_name(const ObjectRef& ref, const FileStamp& stamp) const;
  std::string name_of(const ObjectRef& ref, const ObjectFile& file) const;
  bool write_side(const ObjectRef& ref, const std::string& name, const std::string& bytes);
  void write_note(const ObjectRef& ref, const std::string& name);
  std::string write_link_note(const ObjectRef& ref);  // returns its name
  // What it says, sealed; "" when it cannot be read.
  std::string read_note(const std::string& name) const;
  void resolve_note(ObjectTree& tree, const EachKept& each_kept, const std::string& name);
  void read_attribute(const ObjectFile& file, StoredObject& out, bool& needs_side) const;
  static void take_label(std::string_view value, const FileStamp& stamp, StoredObject& out,
                         bool& needs_side);
  bool read_side_label(const ObjectRef& ref, const ObjectFile& file, StoredObject& out) const;
  void apply_link(const ObjectRef& ref, StoredObject& out) const;

  Core& core_;
  std::atomic<bool> has_sides_{true}, has_links_{true};
  mutable std::atomic<bool> reads_closed_;
};

}  // namespace holdfast::storage
