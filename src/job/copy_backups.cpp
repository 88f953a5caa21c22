#include "base/error.h"
#include "job/mirror.h"
#include "job/run.h"

namespace holdfast::job {

namespace {

// The folders of all backups, each with its slash.
std::vector<std::string> folders_of(const Context& context, const CopyRequest& request) {
  std::vector<std::string> out;
  storage::ListRequest list{
      .bucket = request.from.bucket, .prefix = request.prefix, .delimiter = "/"};
  do {
    storage::ListPage page = request.from.storage->list(context, list);
    out.insert(out.end(), page.prefixes.begin(), page.prefixes.end());
    list.cursor = page.next;
  } while (!list.cursor.empty());
  return out;
}

// The prefix that all objects of one backup have.
std::string prefix_of(const CopyRequest& request, const std::string& name) {
  std::string folder = request.prefix.substr(0, request.prefix.rfind('/') + 1);
  return folder + name + (request.shape == BackupShape::kFolders ? "/" : "");
}

Extra extra_of(const CopyRequest& request) {
  switch (request.shape) {
    case BackupShape::kFolders:
      return Extra::kRemove;
    case BackupShape::kFiles:
      return Extra::kKeep;
    case BackupShape::kRepository:
      return request.replace ? Extra::kRemove : Extra::kRefuse;
  }
  return Extra::kRefuse;
}

std::vector<std::string> prefixes_of(const Context& context, const CopyRequest& request) {
  const bool all = request.name.empty();
  if (request.shape == BackupShape::kRepository && !all) {
    throw InvalidArgument("copy " + request.store + " " + request.name,
                          "its backups share their objects",
                          "copy the whole repository: leave the name out");
  }
  if (!all) {
    std::vector<std::string> out;
    for (const std::string& needed : request.needed) out.push_back(prefix_of(request, needed));
    out.push_back(prefix_of(request, request.name));
    return out;
  }
  if (request.shape != BackupShape::kFolders) return {request.prefix};
  std::vector<std::string> folders = folders_of(context, request);
  if (folders.empty()) {
    throw NotFound("copy " + request.store,
                   "there is no backup in bucket " + request.from.bucket + " of the source");
  }
  return folders;
}

}  // namespace

std::vector<CopiedBackup> copy_backups(const Context& context, const CopyRequest& request,
                                       storage::Storage& catalog, const EngineOptions& engine,
                                       Progress& progress) {
  std::vector<std::string> prefixes = prefixes_of(context, request);
  Run run(context, catalog, engine, request.store, "copy");
  progress.belongs_to(run.id());
  return run.execute([&](const Context& inside, Fence& fence) {
    std::vector<CopiedBackup> out;
    for (const std::string& prefix : prefixes) {
      MirrorOptions options{prefix, request.skip, extra_of(request), request.transfer};
      MirrorReport report = mirror(inside, request.from, request.to, options, fence, progress);
      catalog::RunRecord& record = run.record();
      record.bytes_sent += report.bytes_copied;
      record.objects_sent += report.objects_copied;
      record.bytes_reused += report.bytes_kept;
      record.objects_reused += report.objects_kept;
      record.name = request.name;
      std::string name = request.shape == BackupShape::kFolders
                             ? prefix.substr(0, prefix.size() - 1)
                             : request.name;
      out.push_back({name, report, request.shape});
      if (!out.back().is_complete()) {
        record.warnings.push_back(name + " is not complete at the source");
      }
    }
    return out;
  });
}

}  // namespace holdfast::job
