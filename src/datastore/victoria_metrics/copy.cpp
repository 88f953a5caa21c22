#include <atomic>
#include <fmt/format.h>

#include "base/error.h"
#include "base/operation.h"
#include "base/random.h"
#include "base/worker_pool.h"
#include "datastore/victoria_metrics/backup.h"
#include "datastore/victoria_metrics/commit.h"
#include "datastore/victoria_metrics/maintain.h"
#include "datastore/victoria_metrics/state.h"

namespace holdfast::datastore::vm {

namespace {

// Copies every object that never changes; puts the others from their contents in the manifest.
void copy_objects(const Context& context, const Place& place, State& state, Committer& committer,
                  const std::string& to, unsigned threads, Progress& progress) {
  auto source = state.manifest->source();
  ManifestReader reader(*source, state.folder.name);
  WorkerPool pool(context, threads);
  while (auto entry = reader.next()) {
    if (changes_in_place(entry->piece.path) && entry->content) {
      committer.put_in_place(*entry);
      continue;
    }
    pool.submit([&, piece = entry->piece] {
      Operation operation("vm.copy", piece.path);
      place.storage->copy(pool.context(), place.object(state.folder.name, piece.name()),
                          place.object(to, piece.name()), {});
      progress.advance(piece.size, 1);
    });
  }
  pool.finish();
}

// Copies that a killed run left half made, or half removed: nothing restores from them.
void remove_broken_copies(const Context& context, Store& store,
                          const std::vector<std::string>& folders, Fence& fence,
                          Progress& progress) {
  for (const std::string& name : folders) {
    if (!store.copies.contains(name)) continue;
    Folder folder = glance(context, store.place, name);
    if (folder.has_marker || read_state(context, store.place, name).problems.empty()) continue;
    remove_backup(context, store, name, fence);
    progress.note("removed the unfinished copy " + name);
  }
}

}  // namespace

BackupOutcome run_dated_copy(const Context& context, Store& store, const BackupRequest& request,
                             Fence& fence, Progress& progress) {
  const Place& place = store.place;
  auto folders = list_folders(context, place);
  auto current = open_current(context, place, folders, store.copies);
  if (!current) {
    throw NotFound("copy the backup of " + place.store, "there is none yet", "make a backup first");
  }
  State state = read_state(context, place, current->name);
  require_whole(place, state);
  BackupOutcome outcome;
  outcome.name = new_name(place, folders, context.clock().now());
  remove_broken_copies(context, store, folders, fence, progress);
  Committer committer(context, place, fence, outcome.name);
  fence.check();
  {
    Operation operation("vm.begin_copy", outcome.name);
    storage::put_bytes(*place.storage, context, place.object(outcome.name, kCopyName),
                       current->name + "\n");
  }
  store.copies.insert(outcome.name);
  progress.phase("copy", state.header.bytes, state.header.objects);
  copy_objects(context, place, state, committer, outcome.name, store.options.transfer.threads,
               progress);

  ManifestHeader header = state.header;
  header.id = random_hex(16);
  header.is_copy = true;
  header.copied_from = current->name;
  header.run_id = request.run_id;
  Spool bytes;
  ManifestWriter writer(bytes, header);
  auto source = state.manifest->source();
  ManifestReader reader(*source, current->name);
  while (auto entry = reader.next()) writer.add(*entry);
  std::string sha256 = writer.finish();
  committer.put_manifest("vm.put_manifest", bytes, sha256, std::nullopt);
  committer.put_marker({sha256, header.id});
  outcome.objects_reused = header.objects;
  outcome.bytes_reused = header.bytes;
  outcome.measured = header.measured;
  return outcome;
}

}  // namespace holdfast::datastore::vm
