#include "datastore/stackgraph/stored.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "codec/text.h"

namespace holdfast::datastore::sg {

namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;
constexpr std::uint64_t kLongestNote = 64 << 10;
// Not below .holdfast/, where a store's own pair may write leases and records only.
constexpr const char* kNotes = "holdfast-notes/";
constexpr const char* kNoteEnding = ".json";
constexpr std::size_t kHashDigits = 64;
constexpr const char* kMetadata = "holdfast-graph";

Json json_of(const Note& note) {
  return {{"format", kFormat},
          {"min_reader", kFormat},
          {"name", note.name},
          {"bytes", note.digest.size},
          {"digest", note.digest.text()},
          {"parts", note.parts},
          {"run", note.run_id},
          {"counts", note.measured.counts},
          {"hashes", note.measured.hashes}};
}

// nullopt for what is none of ours or damaged: then nothing is noted.
std::optional<Note> parse_note(const std::string& text, const std::string& where) {
  try {
    const Json json = Json::parse(text);
    if (json.at("min_reader").get<int>() > kFormat) {
      throw Unsupported(where, "it was written by a newer holdfast", "use that one");
    }
    Note note;
    note.name = json.at("name").get<std::string>();
    auto digest = transfer::parse_object_digest(json.at("digest").get<std::string>(),
                                                json.at("bytes").get<std::uint64_t>());
    if (!digest) return std::nullopt;
    note.digest = *digest;
    note.parts = json.at("parts").get<unsigned>();
    note.run_id = json.at("run").get<std::string>();
    note.measured.counts = json.at("counts").get<std::map<std::string, std::uint64_t>>();
    note.measured.hashes = json.at("hashes").get<std::map<std::string, std::string>>();
    note.schema = json.value("schema", "");
    return note;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::string notes_of(const Store& store, const transfer::ObjectDigest& digest) {
  return store.prefix + kNotes + codec::to_hex(digest.sha256) + ".";
}

std::string note_key(const Store& store, const Note& note) {
  return notes_of(store, note.digest) + note.name + kNoteEnding;
}

// The export's name in a note's key; empty when it is none.
std::string name_of_note(const Store& store, const std::string& key) {
  const std::size_t begin = store.prefix.size() + std::string_view(kNotes).size() + kHashDigits + 1;
  if (!key.ends_with(kNoteEnding) || key.size() < begin + std::string_view(kNoteEnding).size()) {
    return "";
  }
  return key.substr(begin, key.size() - begin - std::string_view(kNoteEnding).size());
}

std::optional<Note> read_note(const Context& context, const Store& store, const std::string& key) {
  const storage::ObjectRef ref{store.bucket, key};
  try {
    auto reader = store.storage->get(context, ref, {});
    return parse_note(read_all(*reader, kLongestNote), "the note " + ref.text());
  } catch (const NotFound&) {
    return std::nullopt;
  } catch (const InvalidArgument&) {
    return std::nullopt;  // longer than any of ours
  } catch (const Unsupported&) {
    return std::nullopt;  // of a newer holdfast: there may be another one
  }
}

std::vector<storage::ObjectInfo> list_under(const Context& context, const Store& store,
                                            const std::string& prefix) {
  std::vector<storage::ObjectInfo> out;
  storage::ListRequest request;
  request.bucket = store.bucket;
  request.prefix = prefix;
  request.delimiter = "/";
  for (;;) {
    storage::ListPage page = store.storage->list(context, request);
    out.insert(out.end(), page.objects.begin(), page.objects.end());
    if (page.next.empty()) return out;
    request.cursor = page.next;
  }
}

// The notes of an export that was called so.
std::vector<Note> notes_by_name(const Context& context, const Store& store,
                                const std::string& name) {
  std::vector<Note> out;
  for (const storage::ObjectInfo& object : list_under(context, store, store.prefix + kNotes)) {
    if (name_of_note(store, object.key) != name) continue;
    auto note = read_note(context, store, object.key);
    if (note && note->name == name) out.push_back(std::move(*note));
  }
  return out;
}

// The other note of an export whose metadata could only tell the run.
std::optional<Note> note_of_run(const Context& context, const Store& store,
                                const std::string& early) {
  const Json json = Json::parse(early, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto name = json.find("name"), run = json.find("run");
  if (name == json.end() || run == json.end() || !name->is_string()) return std::nullopt;
  for (Note& note : notes_by_name(context, store, name->get<std::string>())) {
    if (*run == note.run_id) return std::move(note);
  }
  return std::nullopt;
}

// What lies there by one name.
struct Variants {
  StoredGraph whole, split;
};

void add(const Store& store, std::map<std::string, Variants>& graphs,
         const storage::ObjectInfo& object) {
  std::string name = object.key.substr(store.prefix.size());
  const auto part = parse_part(name);
  if (part) name = part->name;
  if (!is_export(store.names, name)) return;
  StoredGraph& graph = part ? graphs[name].split : graphs[name].whole;
  graph.name = name;
  graph.is_split = part.has_value();
  // Keys sort ".100" before ".11".
  const std::size_t place = part ? part->number : 0;
  if (graph.parts.size() <= place) graph.parts.resize(place + 1);
  graph.parts[place] = {object.key, object.size, object.revision};
  if (place == 0) graph.published = object.modified;
  graph.bytes += object.size;
  graph.modified = std::max(graph.modified, object.modified);
}

// Nothing is ever written over an export, so that the one that came later is not it.
StoredGraph& older_of(Variants& both) {
  if (both.whole.parts.empty()) return both.split;
  if (both.split.parts.empty() || both.split.parts.front().key.empty()) return both.whole;
  return both.split.published < both.whole.published ? both.split : both.whole;
}

bool is_before(const StoredGraph& a, const StoredGraph& b) {
  if (a.date && b.date && *a.date != *b.date) return *a.date < *b.date;
  if (a.date.has_value() != b.date.has_value()) return !a.date.has_value();
  if (!a.date && a.modified != b.modified) return a.modified < b.modified;
  return a.name < b.name;
}

std::optional<Note> note_of(const Context& context, const Store& store, const StoredGraph& graph) {
  const StoredPart& first = graph.parts.front();
  if (first.key.empty()) return std::nullopt;
  const auto info = storage::find(*store.storage, context, {store.bucket, first.key});
  if (!info) return std::nullopt;
  auto metadata = info->attributes.metadata.find(kMetadata);
  if (metadata == info->attributes.metadata.end()) return std::nullopt;
  const auto note = parse_note(metadata->second, "backup " + graph.name);
  return note ? note : note_of_run(context, store, metadata->second);
}

// Whoever may write new objects could lay parts beside a finished export: they are none of it.
void leave_out_strangers(StoredGraph& graph, const Note& note) {
  if (!graph.is_split || note.parts == 0 || graph.parts.size() <= note.parts) return;
  graph.parts.resize(note.parts);
  graph.bytes = 0;
  for (const StoredPart& part : graph.parts) graph.bytes += part.size;
}

std::string why_broken(const StoredGraph& graph, const std::optional<Note>& note) {
  for (std::size_t i = 0; i < graph.parts.size(); ++i) {
    if (graph.parts[i].key.empty()) return part_name(graph.name, unsigned(i)) + " is missing";
  }
  if (graph.bytes == 0) return "it is empty";
  if (!note) return "";
  if (graph.is_split && graph.parts.size() < note->parts) {
    return fmt::format("{} of {} parts are there", graph.parts.size(), note->parts);
  }
  if (graph.bytes != note->digest.size) {
    return fmt::format("it has {} bytes, and had {} when it was made", graph.bytes,
                       note->digest.size);
  }
  return "";
}

// The note of a whole one is asked for only `with_notes`.
std::vector<FoundGraph> graphs_under(const Context& context, const Store& store,
                                     const std::string& prefix, bool with_notes) {
  std::map<std::string, Variants> graphs;
  for (const storage::ObjectInfo& object : list_under(context, store, prefix)) {
    add(store, graphs, object);
  }
  const bool tells_times = names_tell_times(store.names);
  std::vector<FoundGraph> out;
  for (auto& [name, both] : graphs) {
    StoredGraph& graph = older_of(both);
    FoundGraph found;
    if (tells_times) graph.date = date_in(store.names, name);
    try {
      if (graph.is_split || with_notes) found.note = note_of(context, store, graph);
    } catch (const Unsupported&) {
      found.is_newer = true;
    }
    if (found.note) leave_out_strangers(graph, *found.note);
    graph.broken_because = why_broken(graph, found.note);
    found.graph = std::move(graph);
    out.push_back(std::move(found));
  }
  return out;
}

std::optional<FoundGraph> find_local(const Store& store, const std::string& name) {
  const bool is_name = name.find('/') == std::string::npos && !name.starts_with('.');
  if (store.local_folder.empty() || !is_name) return std::nullopt;
  FoundGraph found;
  found.local = store.local_folder / name;
  if (!fs::is_regular_file(found.local)) return std::nullopt;
  found.graph.name = name;
  found.graph.bytes = size_of_file(found.local);
  found.graph.date = date_in(store.names, name);
  if (found.graph.bytes == 0) found.graph.broken_because = "it is empty";
  return found;
}

}  // namespace

std::vector<StoredGraph> list_graphs(const Context& context, const Store& store) {
  std::vector<StoredGraph> out;
  for (FoundGraph& found : graphs_under(context, store, store.prefix, false)) {
    out.push_back(std::move(found.graph));
  }
  std::sort(out.begin(), out.end(), is_before);
  return out;
}

FoundGraph find_graph(const Context& context, const Store& store, const std::string& name) {
  // Below a folder lies none, and the name becomes that of a file.
  const bool is_name = name.find('/') == std::string::npos;
  if (is_name) {
    for (FoundGraph& found : graphs_under(context, store, store.prefix + name, true)) {
      if (found.graph.name == name) return std::move(found);
    }
  }
  if (auto local = find_local(store, name)) return *local;
  throw NotFound("backup " + name, "there is none in the bucket " + store.bucket,
                 "holdfast list " + store.name + " shows those that are there");
}

void refuse_newer(const FoundGraph& found) {
  if (!found.is_newer) return;
  throw Unsupported("backup " + found.graph.name, "it was written by a newer holdfast",
                    "use that one");
}

std::optional<Note> find_note(const Context& context, const Store& store,
                              const transfer::ObjectDigest& digest) {
  for (const storage::ObjectInfo& object : list_under(context, store, notes_of(store, digest))) {
    auto note = read_note(context, store, object.key);
    if (note && note->digest == digest) return note;
  }
  return std::nullopt;
}

std::optional<Note> find_note_by_name(const Context& context, const Store& store,
                                      const std::string& name) {
  std::vector<Note> notes = notes_by_name(context, store, name);
  if (notes.empty()) return std::nullopt;
  return std::move(notes.front());
}

storage::ObjectRef stack_packs_of(const Store& store, const std::string& name) {
  return {store.bucket, store.prefix + "stackpacks/" + name + ".stackpacks.zip"};
}

void write_note(const Context& context, const Store& store, const Note& note) {
  Json json = json_of(note);
  if (!note.schema.empty()) json["schema"] = note.schema;
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  storage::PutRequest request;
  request.condition.must_not_exist = true;
  try {
    storage::put_bytes(*store.storage, context, {store.bucket, note_key(store, note)}, text,
                       request);
  } catch (const PreconditionFailed&) {
    // The same content under the same name: a run of this minute that did not come to its end.
  }
}

void remove_note(const Context& context, const Store& store, const Note& note) {
  storage::remove_one(*store.storage, context, {store.bucket, note_key(store, note)});
}

unsigned remove_idle_notes(const Context& context, const Store& store, Fence& fence) {
  std::set<std::string> names;
  std::set<std::uint64_t> sizes;
  for (const StoredGraph& graph : list_graphs(context, store)) {
    names.insert(graph.name);
    sizes.insert(graph.bytes);
  }
  unsigned removed = 0;
  for (const storage::ObjectInfo& object : list_under(context, store, store.prefix + kNotes)) {
    if (names.contains(name_of_note(store, object.key))) continue;
    const auto note = read_note(context, store, object.key);
    // It may be that of a file that was renamed.
    if (!note || sizes.contains(note->digest.size)) continue;
    fence.check();
    storage::remove_one(*store.storage, context, {store.bucket, object.key});
    ++removed;
  }
  return removed;
}

namespace {

storage::Attributes attributes_with(const Json& metadata) {
  storage::Attributes attributes;
  attributes.headers["content-type"] = "application/octet-stream";
  attributes.metadata[kMetadata] = metadata.dump(-1, ' ', true);
  return attributes;
}

}  // namespace

storage::Attributes attributes_of(const Note& note) { return attributes_with(json_of(note)); }

storage::Attributes early_attributes_of(const Note& note) {
  return attributes_with(
      {{"format", kFormat}, {"min_reader", kFormat}, {"name", note.name}, {"run", note.run_id}});
}

}  // namespace holdfast::datastore::sg
