#include "datastore/victoria_metrics/maintain.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/operation.h"
#include "datastore/victoria_metrics/commit.h"
#include "datastore/victoria_metrics/state.h"
#include "transfer/transfer.h"

namespace holdfast::datastore::vm {

namespace {

constexpr std::size_t kBatch = 2048;
constexpr int kAttempts = 3;

void fill_from_header(BackupEntry& entry, const ManifestHeader& header) {
  entry.started = header.created;
  entry.bytes = header.bytes;
  entry.objects = header.objects;
  if (!header.copied_from.empty()) entry.parent = header.copied_from;
  if (!header.server_version.empty()) entry.details["server_version"] = header.server_version;
  if (!header.run_id.empty()) entry.details["run"] = header.run_id;
}

// Without our marker only a look at all objects tells whether a folder restores.
void look_closer(const Context& context, const Place& place, BackupEntry& entry) {
  State state = read_state(context, place, entry.name);
  entry.complete = state.problems.empty();
  if (!entry.complete) {
    entry.broken_because = state.problems.lines.front();
    return;
  }
  fill_from_header(entry, state.header);
  if (!entry.completed) entry.completed = state.header.created;
}

// nullopt: another instance's.
std::optional<BackupEntry> describe_folder(const Context& context, const Place& place,
                                           const std::string& name) {
  BackupEntry entry;
  entry.name = name;
  entry.proof = place.object(name, kMarkerName).key;
  Folder folder;
  try {
    folder = glance(context, place, name);
    if (folder.is_anothers(place)) return std::nullopt;
    if (folder.header) {
      entry.kind = folder.is_copy ? "copy" : "version";
      entry.is_growing = !folder.is_copy;
    } else {
      bool copy = !folder.has_marker &&
                  storage::find(*place.storage, context, place.object(name, kCopyName));
      entry.kind = copy ? "copy" : "version";
      entry.is_growing = !copy;
    }
    entry.details["made_by"] = folder.marker_is_foreign ? "vmbackup" : "holdfast";
    if (folder.has_marker) entry.completed = folder.completed;
    if (folder.marker_names_manifest()) {
      entry.complete = true;
      fill_from_header(entry, *folder.header);
    } else if (folder.marker_is_foreign) {
      entry.broken_because = lacks_of_every_snapshot(context, place, name);
      // As its marker says; plan and verify look closer.
      entry.complete = entry.broken_because.empty();
    } else {
      look_closer(context, place, entry);
    }
  } catch (const Unsupported& error) {
    entry.broken_because = error.reason();
  }
  return entry;
}

class Verifying {
 public:
  Verifying(const Context& context, const Store& store, Progress& progress)
      : context_(context), store_(store), progress_(progress) {}

  VerifyReport run(const VerifyRequest& request) {
    for (int attempt = 1;; ++attempt) {
      report_ = {};
      problems_ = warnings_ = {};
      State state = read_state(context_, store_.place, request.name);
      look_at(state, request);
      // A backup that runs meanwhile removes objects that the manifest read before still names.
      if (problems_.empty() || attempt == kAttempts ||
          !has_changed(context_, store_.place, state.folder)) {
        break;
      }
    }
    report_.problems = std::move(problems_.lines);
    report_.more_problems = problems_.more;
    report_.warnings = std::move(warnings_.lines);
    report_.more_warnings = warnings_.more;
    return std::move(report_);
  }

 private:
  void look_at(State& state, const VerifyRequest& request) {
    problems_ = state.problems;
    warnings_ = state.warnings;
    if (!state.manifest || state.manifest->bytes() == 0) return;
    if (request.deep) progress_.phase("read", state.header.bytes, state.header.objects);
    auto source = state.manifest->source();
    ManifestReader reader(*source, request.name);
    while (auto entry = reader.next()) {
      report_.objects += 1;
      report_.bytes += entry->piece.size;
      report_.objects_without_checksum += !entry->digest;
      if (!request.deep) continue;
      items_.push_back({store_.place.object(request.name, entry->piece.name()), entry->piece.size,
                        entry->digest});
      in_place_.push_back(changes_in_place(entry->piece.path));
      if (items_.size() == kBatch) read();
    }
    read();
  }

  void read() {
    if (items_.empty()) return;
    auto results = transfer::verify(context_, *store_.place.storage, items_,
                                    store_.options.transfer, progress_);
    for (std::size_t i = 0; i < results.size(); ++i) {
      // The content of files that change in place is read from the manifest, never from there.
      if (results[i].error) {
        (in_place_[i] ? warnings_ : problems_).add(results[i].error->to_string());
      }
    }
    items_.clear();
    in_place_.clear();
  }

  const Context& context_;
  const Store& store_;
  Progress& progress_;
  std::vector<transfer::VerifyItem> items_;
  std::vector<bool> in_place_;  // of each item
  Lines problems_, warnings_;
  VerifyReport report_;
};

}  // namespace

std::vector<BackupEntry> list_backups(const Context& context, const Place& place) {
  std::vector<BackupEntry> out;
  for (const std::string& name : list_folders(context, place)) {
    try {
      if (auto entry = describe_folder(context, place, name)) out.push_back(std::move(*entry));
    } catch (const NotFound& error) {
      if (error.code() == storage::kNoSuchBucket) throw;  // else: removed meanwhile
    }
  }
  return out;
}

VerifyReport verify_backup(const Context& context, const Store& store, const VerifyRequest& request,
                           Progress& progress) {
  return Verifying(context, store, progress).run(request);
}

void remove_backup(const Context& context, Store& store, const std::string& name, Fence& fence) {
  const Place& place = store.place;
  const std::string what = "remove " + place.bucket + "/" + name;
  if (!belongs_to_instance(name, place.prefix)) {
    throw NotFound(what, "this is no backup of " + place.store);
  }
  const std::string prefix = name + "/";
  storage::ListRequest first{.bucket = place.bucket, .prefix = prefix, .limit = 1};
  if (place.storage->list(context, first).objects.empty()) {
    throw NotFound(what, "there is no such backup", "holdfast list shows what there is");
  }
  if (glance(context, place, name).is_anothers(place)) {
    throw Refused(what, "its manifest says that another instance made it",
                  "give every instance a prefix of its own");
  }
  Committer committer(context, place, fence, name);
  committer.delete_marker();
  std::vector<std::string> names;
  auto flush = [&] {
    committer.remove("vm.remove_data", names);
    names.clear();
  };
  storage::list_all(*place.storage, context, place.bucket, prefix,
                    [&](const storage::ObjectInfo& info) {
                      std::string rest = info.key.substr(prefix.size());
                      if (rest == kManifestName || rest == kCopyName || rest == kMarkerName) return;
                      names.push_back(std::move(rest));
                      if (names.size() == 1000) flush();
                    });
  flush();
  committer.remove("vm.remove_manifest", {std::string(kManifestName)});
  committer.remove("vm.remove_copy_mark", {std::string(kCopyName)});
}

}  // namespace holdfast::datastore::vm
