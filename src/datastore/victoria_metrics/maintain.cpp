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
constexpr std::size_t kMostProblems = 100;

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
    entry.broken_because = state.problems.front();
    return;
  }
  fill_from_header(entry, state.header);
  if (!entry.completed) entry.completed = state.header.created;
}

BackupEntry describe_folder(const Context& context, const Place& place, const std::string& name) {
  BackupEntry entry;
  entry.name = name;
  Folder folder;
  try {
    folder = glance(context, place, name);
    if (folder.header) {
      entry.kind = folder.is_copy ? "copy" : "version";
    } else {
      bool copy = !folder.has_marker &&
                  storage::find(*place.storage, context, place.object(name, kCopyName));
      entry.kind = copy ? "copy" : "version";
    }
    entry.details["made_by"] = folder.marker_is_foreign ? "vmbackup" : "holdfast";
    if (folder.has_marker) entry.completed = folder.completed;
    if (folder.marker_names_manifest()) {
      entry.complete = true;
      fill_from_header(entry, *folder.header);
    } else if (folder.marker_is_foreign) {
      entry.complete = true;  // as its marker says; plan and verify look closer
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
    State state = read_state(context_, store_.place, request.name);
    report_.problems = state.problems;
    for (const std::string& line : state.warnings) note(line);
    if (!state.manifest || state.manifest->bytes() == 0) return std::move(report_);
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
      if (items_.size() == kBatch) read();
    }
    read();
    return std::move(report_);
  }

 private:
  void note(std::string line) {
    if (report_.problems.size() < kMostProblems) report_.problems.push_back(std::move(line));
  }

  void read() {
    if (items_.empty()) return;
    auto results = transfer::verify(context_, *store_.place.storage, items_,
                                    store_.options.transfer, progress_);
    for (const auto& result : results) {
      if (result.error) note(result.error->to_string());
    }
    items_.clear();
  }

  const Context& context_;
  const Store& store_;
  Progress& progress_;
  std::vector<transfer::VerifyItem> items_;
  VerifyReport report_;
};

}  // namespace

std::vector<BackupEntry> list_backups(const Context& context, const Place& place) {
  std::vector<BackupEntry> out;
  for (const std::string& name : list_folders(context, place)) {
    try {
      out.push_back(describe_folder(context, place, name));
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
