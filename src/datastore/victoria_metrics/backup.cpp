#include "datastore/victoria_metrics/backup.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "datastore/victoria_metrics/adopt.h"
#include "datastore/victoria_metrics/commit.h"
#include "datastore/victoria_metrics/compare.h"
#include "datastore/victoria_metrics/data_folder.h"
#include "datastore/victoria_metrics/local.h"
#include "datastore/victoria_metrics/send.h"
#include "datastore/victoria_metrics/snapshot.h"

namespace holdfast::datastore::vm {

namespace {

// A count of series is taken before and after the snapshot: only when both agree is it the
// snapshot's.
std::optional<std::uint64_t> count_series(const Context& context, Server& server) {
  try {
    return server.series(context);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    log::warning(context, "the number of series is not recorded: " + error.to_string());
    return std::nullopt;
  }
}

ServerFacts facts_of(const Context& context, Server& server, std::vector<std::string>& warnings) {
  try {
    return server.facts(context);
  } catch (const Unavailable&) {
    throw;  // nothing else will work either
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    warnings.push_back("the server's version and retention are not known: " + error.to_string());
    return {};
  }
}

class BackupRun {
 public:
  BackupRun(const Context& context, Store& store, const BackupRequest& request, Fence& fence,
            Progress& progress)
      : context_(context), store_(store), request_(request), fence_(fence), progress_(progress) {}

  BackupOutcome run() {
    require_data_folder();
    FileLock lock = lock_for_us(store_.options.data_path);
    folders_ = list_folders(context_, store_.place);
    current_ = open_current(context_, store_.place, folders_, store_.copies);
    facts_ = facts_of(context_, *store_.server, outcome_.warnings);
    auto series_before = count_series(context_, *store_.server);
    Snapshot snapshot = take_snapshot(lock);
    auto series_after = series_before ? count_series(context_, *store_.server) : std::nullopt;
    if (series_before && series_before == series_after) {
      outcome_.measured.counts["series"] = *series_before;
    }
    back_up(snapshot);
    end(snapshot);
    return std::move(outcome_);
  }

 private:
  // A folder that turns out to be another server's is left without a file of ours.
  Snapshot take_snapshot(FileLock& lock) {
    const fs::path& path = store_.options.data_path;
    try {
      return Snapshot::take(context_, *store_.server, path);
    } catch (const Refused&) {
      if (!snapshot_was_noted(path)) lock.remove();
      throw;
    }
  }

  // Before anything of ours is made in it.
  void require_data_folder() const {
    const fs::path& path = store_.options.data_path;
    if (is_data_folder(path)) return;
    throw Refused("back up " + path.string(),
                  fs::is_directory(path) ? "this is no data folder of VictoriaMetrics"
                                         : "there is no such data folder",
                  "set dataPath to the server's -storageDataPath");
  }

  // Whatever is committed by now stays good when the snapshot cannot be deleted.
  void end(Snapshot& snapshot) {
    try {
      snapshot.remove(context_);
    } catch (const Error& error) {
      outcome_.warnings.push_back(fmt::format("snapshot {} is left for the next run to delete: {}",
                                              snapshot.name(), error.to_string()));
    }
  }

  void back_up(const Snapshot& snapshot) {
    progress_.phase("compare", 0, 0);
    std::optional<Comparison> comparison;
    if (current_ && request_.kind != BackupKind::kFull) {
      VolumeChange volume(facts_.retention, context_.clock().now());
      comparison = compare_with_current(snapshot, volume);
      std::string why = volume.another_volume_because();
      measure(volume);
      if (!why.empty()) {
        std::string line =
            fmt::format("{} is kept and a new version begins: {}", current_->name, why);
        progress_.note(line);
        outcome_.warnings.push_back(std::move(line));
        comparison.reset();
      }
    }
    if (!comparison) {
      current_.reset();
      VolumeChange volume(std::nullopt, context_.clock().now());
      Walk walk(snapshot.folder());
      comparison = compare(context_, store_.place, {}, walk, volume);
      measure(volume);
    }
    outcome_.name =
        current_ ? current_->name : new_name(store_.place, folders_, context_.clock().now());
    outcome_.objects_reused = comparison->kept_objects;
    outcome_.bytes_reused = comparison->kept_bytes;
    commit(*comparison, snapshot);
  }

  Comparison compare_with_current(const Snapshot& snapshot, VolumeChange& volume) {
    ObjectList stored(context_, store_.place, current_->name);
    Walk walk(snapshot.folder());
    Compared with{&stored, nullptr, current_->name, current_->marker_names_manifest(),
                  !current_->marker_is_foreign};
    if (!current_->manifest_counts()) {
      return compare(context_, store_.place, with, walk, volume);
    }
    auto source = current_->manifest->source();
    ManifestReader known(*source, current_->name);
    with.known = &known;
    return compare(context_, store_.place, with, walk, volume);
  }

  void measure(const VolumeChange& volume) {
    if (auto rows = volume.rows()) outcome_.measured.counts["rows"] = *rows;
  }

  void commit(Comparison& comparison, const Snapshot& snapshot) {
    Committer committer(context_, store_.place, fence_, outcome_.name);
    bool counts = current_ && current_->manifest_counts();
    if (counts && !comparison.changed()) {
      outcome_.changed = false;
      outcome_.measured = current_->header->measured;
      committer.put_marker({current_->manifest_sha256, current_->header->id});
      return;
    }
    auto revision = current_ ? current_->manifest_revision : std::nullopt;
    if (current_ && current_->marker_is_foreign && comparison.changed()) {
      revision = adopt(context_, store_.place, committer, *current_);
    }
    if (current_ && current_->has_marker && comparison.changed()) committer.delete_marker();
    progress_.phase("upload", comparison.put_bytes, comparison.put_objects);
    SentDigests sent =
        send(context_, store_, fence_, snapshot, outcome_.name, comparison, progress_);
    Spool manifest;
    ManifestHeader header = make_header(comparison, snapshot);
    std::string sha256 = write_manifest(manifest, header, comparison, sent);
    progress_.phase("commit", 0, 0);
    committer.put_manifest("vm.put_manifest", manifest, sha256, revision);
    after_commit(committer, comparison);
    committer.put_marker({sha256, header.id});
    outcome_.bytes_sent = comparison.put_bytes;
    outcome_.objects_sent = comparison.put_objects + comparison.in_place;
    outcome_.objects_removed = comparison.removed;
  }

  // The files that change in place first, then what is obsolete: other-sized copies of them, too.
  void after_commit(Committer& committer, Comparison& comparison) {
    if (comparison.in_place > 0) {
      WorkReader reader(*comparison.work);
      while (auto work = reader.next()) {
        if (work->action != Action::kPutInPlace) continue;
        committer.put_in_place(work->entry);
      }
    }
    if (comparison.removed == 0) return;
    std::vector<std::string> names;
    WorkReader reader(*comparison.work);
    while (auto work = reader.next()) {
      if (work->action != Action::kRemove) continue;
      names.push_back(work->entry.piece.name());
      if (names.size() < 1000) continue;
      committer.remove("vm.remove_obsolete", names);
      names.clear();
    }
    committer.remove("vm.remove_obsolete", names);
  }

  ManifestHeader make_header(const Comparison& comparison, const Snapshot& snapshot) const {
    ManifestHeader header;
    header.id = random_hex(16);
    header.store = store_.place.store;
    header.run_id = request_.run_id;
    header.snapshot = snapshot.name();
    header.server_version = facts_.version;
    header.created = snapshot_time(snapshot.name());
    header.objects = comparison.objects;
    header.bytes = comparison.bytes;
    header.measured = outcome_.measured;
    return header;
  }

  std::string write_manifest(Spool& out, const ManifestHeader& header, Comparison& comparison,
                             SentDigests& sent) const {
    ManifestWriter writer(out, header);
    WorkReader reader(*comparison.work);
    while (auto work = reader.next()) {
      if (work->action == Action::kRemove) continue;
      if (work->action == Action::kPut || work->action == Action::kKeepAndHash) {
        work->entry.digest = sent.next(work->entry.piece);
      }
      writer.add(work->entry);
    }
    return writer.finish();
  }

  const Context context_;
  Store& store_;
  const BackupRequest& request_;
  Fence& fence_;
  Progress& progress_;
  std::vector<std::string> folders_;
  std::optional<Folder> current_;
  ServerFacts facts_;
  BackupOutcome outcome_;
};

}  // namespace

BackupOutcome run_backup(const Context& context, Store& store, const BackupRequest& request,
                         Fence& fence, Progress& progress) {
  return BackupRun(context, store, request, fence, progress).run();
}

}  // namespace holdfast::datastore::vm
