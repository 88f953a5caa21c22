#include "datastore/stackgraph/backup.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <sys/stat.h>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "transfer/streamed_upload.h"

namespace holdfast::datastore::sg {

namespace {

constexpr unsigned kMostParts = 10'000;
constexpr Duration kTidyTime = std::chrono::seconds(30);

struct FileState {
  std::uint64_t bytes = 0;
  timespec changed{};
  friend bool operator==(const FileState& a, const FileState& b) {
    return a.bytes == b.bytes && a.changed.tv_sec == b.changed.tv_sec &&
           a.changed.tv_nsec == b.changed.tv_nsec;
  }
};

FileState state_of(const fs::path& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) < 0) throw_errno(errno, "look at " + file.string());
  return {std::uint64_t(info.st_size), info.st_mtim};
}

class BackupRun {
 public:
  BackupRun(const Context& context, const Store& store, Fence& fence, Progress& progress)
      : context_(context), store_(store), fence_(fence), progress_(progress) {}

  BackupOutcome run(const Workspace& workspace, const std::string& before,
                    const std::string& run_id) {
    using std::chrono::floor;
    const auto now = floor<std::chrono::seconds>(context_.clock().now());
    note_.run_id = run_id.empty() ? random_hex(6) : run_id;  // of a safety copy
    choose_name(before, name_at(store_.names, civil_of(store_.zone.to_local(now))));
    file_ = workspace.path() / note_.name;
    const bool streams = store_.tool->streams() && store_.split_bytes == 0 &&
                         store_.local_folder.empty() && store_.storage->multipart();
    const fs::path stack_packs = streams ? stream(workspace) : export_and_send(workspace);
    BackupOutcome out;
    out.warnings = store_.tool->warnings();
    if (!stack_packs.empty()) send_stack_packs(stack_packs, out);
    if (!store_.local_folder.empty()) keep_local(out);
    out.name = note_.name;
    out.bytes_sent += note_.digest.size;
    out.objects_sent += note_.parts;
    out.measured = note_.measured;
    out.measured.hashes["sha256"] = note_.digest.text();
    return out;
  }

 private:
  // By way of a file of ours.
  fs::path export_and_send(const Workspace& workspace) {
    workspace.require_space(newest_bytes_, "backup of " + store_.name);
    note_.measured = store_.tool->export_graph(context_, file_, progress_);
    note_.schema = store_.tool->schema();
    const FileState state = state_of(file_);
    if (state.bytes == 0) refuse_empty();
    note_.digest = digest_of_file(context_, file_);
    fs::path stack_packs = export_stack_packs();
    publish(state);
    return stack_packs;
  }

  // As it is made: it shows when it is known to be whole.
  fs::path stream(const Workspace& workspace) {
    const storage::ObjectRef ref{store_.bucket, store_.prefix + note_.name};
    const storage::Attributes early = early_attributes_of(note_);
    transfer::StreamedUpload upload(context_, *store_.storage, ref, early, store_.transfer,
                                    newest_bytes_);
    note_.measured = store_.tool->stream_graph(
        context_, workspace.path(), [&](std::string_view bytes) { upload.write(bytes); },
        progress_);
    note_.schema = store_.tool->schema();
    note_.digest = upload.finish();
    if (note_.digest.size == 0) refuse_empty();
    fs::path stack_packs = export_stack_packs();
    fence_.check();
    write_note(context_, store_, note_);
    fence_.check();
    const storage::Attributes late = attributes_of(note_);
    try {
      upload.publish(late);
    } catch (const std::exception&) {
      take_back({.ref = ref, .attributes = early}, {{.ref = ref, .attributes = late}});
      throw;
    }
    return stack_packs;
  }

  [[noreturn]] void refuse_empty() const {
    throw Failed("backup of " + store_.name, "the export is empty: there is nothing in the graph",
                 "an empty one would stand in the list as a backup; look whether the right graph "
                 "is asked");
  }

  void choose_name(const std::string& before, const std::string& name) {
    std::set<std::string> taken;
    for (const StoredGraph& graph : list_graphs(context_, store_)) {
      taken.insert(graph.name);
      // The next one is about as large as the newest.
      if (graph.broken_because.empty()) newest_bytes_ = graph.bytes;
    }
    note_.name = before + name;
    for (int number = 2; taken.contains(note_.name); ++number) {
      if (before.empty()) {
        throw Refused("backup of " + store_.name, name + " is there already",
                      "names tell the minute: wait for the next one");
      }
      note_.name = fmt::format("{}{}-{}", before, number, name);
    }
  }

  std::vector<transfer::UploadItem> items() {
    const std::uint64_t bytes = note_.digest.size;
    const std::string key = store_.prefix + note_.name;
    if (store_.split_bytes == 0) {
      return {{.path = file_, .size = bytes, .ref = {store_.bucket, key}}};
    }
    const std::uint64_t parts = (bytes + store_.split_bytes - 1) / store_.split_bytes;
    if (parts > kMostParts) {
      throw InvalidArgument("backup.stackGraph.splitArchiveSize",
                            fmt::format("{} bytes would make {} parts", bytes, parts),
                            "make the parts larger");
    }
    note_.parts = unsigned(parts);
    std::vector<transfer::UploadItem> out;
    for (unsigned number = 0; number < note_.parts; ++number) {
      const std::uint64_t offset = number * store_.split_bytes;
      out.push_back({.path = file_,
                     .offset = offset,
                     .size = std::min(store_.split_bytes, bytes - offset),
                     .ref = {store_.bucket, part_name(key, number)}});
    }
    return out;
  }

  void publish(const FileState& state) {
    std::vector<transfer::UploadItem> all = items();
    for (transfer::UploadItem& item : all) {
      item.attributes = attributes_of(note_);
      item.is_new = true;
    }
    progress_.phase("upload", note_.digest.size, all.size());
    fence_.check();
    write_note(context_, store_, note_);
    const std::vector<transfer::UploadItem> rest(all.begin() + 1, all.end());
    all.resize(1);
    try {
      if (!rest.empty()) {
        transfer::upload(context_, *store_.storage, rest, store_.transfer, progress_);
      }
      require_same(state);
      fence_.check();
      transfer::upload(context_, *store_.storage, all, store_.transfer, progress_);
      require_same(state);
    } catch (const std::exception&) {
      take_back(all.front(), rest);
      throw;
    }
  }

  // Whether the first part is there may not be known. If nobody can say, the others stay: with it
  // they are an export, without it they go after a day.
  void take_back(const transfer::UploadItem& first,
                 const std::vector<transfer::UploadItem>& rest) const {
    const Context last = context_.detached().with_timeout(kTidyTime);
    try {
      remove_ours(last, first);
      for (const transfer::UploadItem& item : rest) remove_ours(last, item);
    } catch (const Error& error) {
      log::warning(context_, "parts of " + note_.name + " stay behind: " + error.to_string());
    }
  }

  // Before anything is published: without them the run has failed.
  fs::path export_stack_packs() const {
    if (store_.stack_packs.export_command.empty()) return {};
    progress_.phase("export StackPacks", 0, 0);
    const fs::path file = file_.string() + ".stackpacks.zip";
    run_export_command(context_, store_.stack_packs, file);
    return file;
  }

  void send_stack_packs(const fs::path& file, BackupOutcome& out) {
    const std::uint64_t bytes = size_of_file(file);
    progress_.phase("upload StackPacks", bytes, 1);
    transfer::UploadItem item{.path = file, .size = bytes};
    item.ref = stack_packs_of(store_, note_.name);
    fence_.check();
    transfer::upload(context_, *store_.storage, {item}, store_.transfer, progress_);
    out.bytes_sent += bytes;
    out.objects_sent += 1;
  }

  // As the settings' own backups do. The bucket has it: what fails here is a warning.
  void keep_local(BackupOutcome& out) const {
    try {
      make_folders(store_.local_folder);
      write_file_durably(store_.local_folder / note_.name, read_file(file_, note_.digest.size),
                         0600);
      std::vector<fs::path> all;
      for (const auto& entry : fs::directory_iterator(store_.local_folder)) {
        const std::string name = entry.path().filename().string();
        if (date_in(store_.names, name) && is_export(store_.names, name))
          all.push_back(entry.path());
      }
      std::sort(all.begin(), all.end());
      for (std::size_t i = 0; i + store_.most_local < all.size(); ++i) remove_file(all[i]);
    } catch (const Error& error) {
      out.warnings.push_back("kept in the bucket only: " + error.to_string());
    }
  }

  // A command may have left something behind that still writes.
  void require_same(const FileState& state) const {
    if (state_of(file_) == state) return;
    throw Failed("backup of " + store_.name,
                 "somebody still writes into the export after its command has ended",
                 "the command must end when its file is complete");
  }

  // Another run's has its own id in its note.
  void remove_ours(const Context& context, const transfer::UploadItem& item) const {
    const auto there = storage::find(*store_.storage, context, item.ref);
    if (!there || there->attributes.metadata != item.attributes.metadata) return;
    storage::remove_one(*store_.storage, context, item.ref);
  }

  const Context& context_;
  const Store& store_;
  Fence& fence_;
  Progress& progress_;
  Note note_;
  std::uint64_t newest_bytes_ = 0;
  fs::path file_;
};

}  // namespace

transfer::ObjectDigest digest_of_file(const Context& context, const fs::path& file) {
  const Descriptor open = open_for_reading(file);
  FileSource source({open.get(), 0, size_of_file(file)}, file.string());
  return transfer::object_digest_of(context, source);
}

BackupOutcome run_backup(const Context& context, const Store& store, const Workspace& workspace,
                         const std::string& before, const BackupRequest& request, Fence& fence,
                         Progress& progress) {
  if (request.kind == BackupKind::kDatedCopy) {
    throw InvalidArgument("backup of " + store.name, "every backup is a whole one, with its date");
  }
  return BackupRun(context, store, fence, progress).run(workspace, before, request.run_id);
}

}  // namespace holdfast::datastore::sg
