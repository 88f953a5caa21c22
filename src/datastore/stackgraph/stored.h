// Exports as they lie in the bucket: objects whose bytes are what the exporter wrote, in one piece
// or in parts, and what was noted about them. Form: docs/formats/stackgraph.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "datastore/stackgraph/store.h"
#include "transfer/object_digest.h"

namespace holdfast::datastore::sg {

struct StoredPart {
  std::string key;
  std::uint64_t size = 0;
  std::string revision;
};
struct StoredGraph {
  std::string name;
  std::vector<StoredPart> parts;  // in the order of their bytes
  bool is_split = false;
  std::uint64_t bytes = 0;
  std::optional<std::string> date;  // as it stands in the name
  WallTime published;               // its first part
  WallTime modified;                // the youngest part
  std::string broken_because;       // empty: nothing is known to be missing
};

// What is noted at backup time: among the object's metadata, and in a note by the content's hash,
// for a file that was moved by hand and has lost its metadata.
struct Note {
  std::string name;  // at backup time
  // Of an export that was sent as it was made, its object's metadata could not tell this: it is in
  // the other note.
  transfer::ObjectDigest digest;
  unsigned parts = 1;
  std::string run_id;
  Measurement measured;
  std::string schema;  // GraphTool::schema(); in the note by hash only, for metadata is short
};

// All of them, by the time in their names (those without one by their age), oldest first. The first
// part of a split one is asked how many there are: what lies beside them is not the export's.
std::vector<StoredGraph> list_graphs(const Context& context, const Store& store);

// With its note; one that only the local folder has comes from there. NotFound when there is no
// such export. `broken_because` tells a size or a number of parts that is not the noted one.
struct FoundGraph {
  StoredGraph graph;
  std::optional<Note> note;  // none with the object
  bool is_newer = false;     // its note is of a newer holdfast
  fs::path local;            // where it lies on this machine; empty: it is in the bucket
};
FoundGraph find_graph(const Context& context, const Store& store, const std::string& name);

// Unsupported for one whose note is of a newer holdfast: what it must be is not known.
void refuse_newer(const FoundGraph& found);

// The note of a content that was seen before under whatever name; nullopt when there is none.
std::optional<Note> find_note(const Context& context, const Store& store,
                              const transfer::ObjectDigest& digest);
// Whether anything was ever noted about an export of that name.
std::optional<Note> find_note_by_name(const Context& context, const Store& store,
                                      const std::string& name);

// The zip of the StackPacks that was made with the export.
storage::ObjectRef stack_packs_of(const Store& store, const std::string& name);

void write_note(const Context& context, const Store& store, const Note& note);
void remove_note(const Context& context, const Store& store, const Note& note);
// Removes the notes of which no export is left, under whatever name; how many.
unsigned remove_idle_notes(const Context& context, const Store& store, Fence& fence);

storage::Attributes attributes_of(const Note& note);
// What is known before the bytes are: whose they will be.
storage::Attributes early_attributes_of(const Note& note);

}  // namespace holdfast::datastore::sg
