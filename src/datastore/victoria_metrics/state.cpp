#include "datastore/victoria_metrics/state.h"

#include <fmt/format.h>

#include "base/error.h"
#include "datastore/victoria_metrics/adopt.h"
#include "datastore/victoria_metrics/compare.h"
#include "datastore/victoria_metrics/part_check.h"

namespace holdfast::datastore::vm {

namespace {

constexpr std::size_t kMostLines = 100;
constexpr int kAttempts = 3;

// The manifest counts: every object of it must be stored. Returns whether anything is stored.
void compare_with_list(const Context& context, const Place& place, State& state) {
  auto source = state.manifest->source();
  ManifestReader known(*source, state.folder.name);
  ObjectList stored(context, place, state.folder.name);
  Join join(&stored, &known, nullptr);
  if (state.header.objects == 0) state.problems.add("it holds nothing");
  while (auto seen = join.next()) {
    const std::string name = seen->piece.name();
    if (!seen->known) {
      state.warnings.add(name + " does not belong to the backup: a run sends it, or was killed");
      continue;
    }
    state.unhashed += !seen->known->digest;
    std::string problem;
    if (!seen->stored) {
      problem = name + " is missing";
    } else if (seen->stored->size != seen->piece.size) {
      problem =
          fmt::format("{} has {} bytes instead of {}", name, seen->stored->size, seen->piece.size);
    } else {
      continue;
    }
    bool in_manifest = changes_in_place(seen->piece.path);
    (in_manifest ? state.warnings : state.problems).add(std::move(problem));
  }
}

// vmbackup wrote this: its objects are all there is to go by.
void describe(const Context& context, const Place& place, State& state) {
  Spool entries;
  state.described = true;
  state.manifest = std::make_shared<Spool>();
  try {
    state.header = describe_stored(context, place, state.folder.name, entries);
  } catch (const Corrupt& error) {
    state.problems.add(error.reason());
    return;
  }
  state.header.created = state.folder.completed;
  PartCheck parts;
  ManifestWriter writer(*state.manifest, state.header);
  auto reader = entries.read();
  while (auto line = reader.next()) {
    auto entry = parse_entry(*line);
    parts.add_file(entry->piece.path);
    if (entry->content && entry->piece.path.ends_with("/parts.json")) {
      parts.add_part_list(entry->piece.path, *entry->content);
    }
    writer.add(*entry);
  }
  writer.finish();
  state.unhashed = state.header.objects;
  for (std::string& problem : parts.problems()) state.problems.add(std::move(problem));
}

bool holds_anything(const Context& context, const Place& place, const std::string& name) {
  storage::ListRequest request{.bucket = place.bucket, .prefix = name + "/", .limit = 1};
  return !place.storage->list(context, request).objects.empty();
}

State read_once(const Context& context, const Place& place, const std::string& name) {
  const std::string what = "read " + place.bucket + "/" + name;
  State state;
  state.folder = open_folder(context, place, name);
  const Folder& folder = state.folder;
  if (folder.manifest_counts()) {
    state.header = *folder.header;
    state.manifest = folder.manifest;
    compare_with_list(context, place, state);
  } else if (folder.has_marker && folder.marker_is_foreign) {
    describe(context, place, state);
  } else if (folder.manifest_revision) {
    state.problems.add("its manifest is damaged: " + folder.unreadable_because);
  } else if (folder.has_marker) {
    state.problems.add("its manifest is missing");
  } else if (holds_anything(context, place, name)) {
    state.problems.add("it was never finished");
  } else {
    throw NotFound(what, "there is no such backup", "holdfast list shows what can be restored");
  }
  return state;
}

}  // namespace

bool has_changed(const Context& context, const Place& place, const Folder& folder) {
  Folder now = glance(context, place, folder.name);
  return now.manifest_revision != folder.manifest_revision || now.has_marker != folder.has_marker ||
         now.completed != folder.completed;
}

void Lines::add(std::string line) {
  if (lines.size() < kMostLines) {
    lines.push_back(std::move(line));
  } else {
    ++more;
  }
}

State read_state(const Context& context, const Place& place, const std::string& name) {
  if (!belongs_to_instance(name, place.prefix)) {
    throw NotFound("read " + place.bucket + "/" + name, "this is no backup of " + place.store,
                   "holdfast list shows what can be restored");
  }
  for (int attempt = 1;; ++attempt) {
    State state = read_once(context, place, name);
    // A backup that runs meanwhile removes objects that the manifest read before still names.
    if (state.problems.empty() || attempt == kAttempts ||
        !has_changed(context, place, state.folder)) {
      return state;
    }
  }
}

void require_whole(const Place& place, const State& state) {
  if (state.problems.empty()) return;
  throw Corrupt("restore " + place.bucket + "/" + state.folder.name, state.problems.lines.front(),
                "holdfast verify shows all of it; restore another version");
}

}  // namespace holdfast::datastore::vm
