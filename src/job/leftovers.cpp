#include "job/leftovers.h"

#include <fmt/format.h>

#include "base/log.h"

namespace holdfast::job {

namespace {

constexpr Duration kSurelyDead = std::chrono::hours(24);
constexpr std::size_t kMostAtOnce = 1000;

}  // namespace

std::vector<storage::UploadInfo> orphan_uploads(const Context& context, storage::Storage& storage,
                                                const UploadPlace& place) {
  std::vector<storage::UploadInfo> orphans;
  if (!storage.multipart() || !storage.capabilities().lists_uploads) return orphans;
  const WallTime oldest_alive = context.clock().now() - kSurelyDead;
  storage::UploadListRequest request;
  request.bucket = place.bucket;
  request.prefix = place.prefix.empty() ? "" : place.prefix + "/";
  try {
    storage::UploadPage page;
    do {
      page = storage.multipart()->uploads(context, request);
      for (const storage::UploadInfo& upload : page.uploads) {
        if (upload.started < oldest_alive) orphans.push_back(upload);
      }
      if (page.uploads.empty()) break;
      request.after_key = page.uploads.back().key;
      request.after_upload_id = page.uploads.back().upload_id;
    } while (page.more);
  } catch (const AccessDenied& error) {
    log::debug(context, "uploads are not told of: " + error.reason());
  } catch (const Unsupported&) {
  } catch (const NotFound&) {  // no bucket yet
  }
  return orphans;
}

std::vector<std::string> abort_uploads(const Context& context, storage::Storage& storage,
                                       const UploadPlace& place,
                                       const std::vector<storage::UploadInfo>& uploads,
                                       Fence& fence) {
  std::vector<std::string> lines;
  for (const storage::UploadInfo& upload : uploads) {
    fence.check();
    try {
      storage.multipart()->abort(context, {place.bucket, upload.key}, upload.upload_id);
    } catch (const NotFound&) {
    } catch (const AccessDenied& error) {
      lines.push_back(
          fmt::format("the unfinished upload of {} stays: {}", upload.key, error.reason()));
    }
  }
  return lines;
}

std::uint64_t remove_records(const Context& context, storage::Storage& storage,
                             const catalog::CatalogOptions& catalog, const std::string& store,
                             WallTime before, Fence& fence) {
  const std::string folder = catalog.prefix + "runs/" + store + "/";
  // Names begin with the time, so that the old ones come first.
  const std::string end = folder + format_basic_iso(before);
  std::uint64_t removed = 0;
  while (true) {
    storage::ListRequest request;
    request.bucket = catalog.bucket;
    request.prefix = folder;
    request.limit = kMostAtOnce;
    std::vector<storage::RemoveTarget> old;
    for (const storage::ObjectInfo& object : storage.list(context, request).objects) {
      if (object.key < end) old.push_back({object.key});
    }
    if (old.empty()) return removed;
    fence.check();
    for (const storage::RemoveResult& result : storage.remove(context, catalog.bucket, old)) {
      if (result.error) throw *result.error;
    }
    removed += old.size();
  }
}

}  // namespace holdfast::job
