// What runs that died leave in the storage, where no list of backups shows it: uploads of many
// parts that nobody finished, and records of runs whose backups are long gone. Removed by prune.
#pragma once

#include <string>
#include <vector>

#include "catalog/lease.h"
#include "storage/storage.h"

namespace holdfast::job {

// Where a store's own uploads go.
struct UploadPlace {
  std::string bucket, prefix;
};

// Uploads that were begun more than a day ago. No run takes that long for one object, and none is
// going when its lease is held by the caller. Empty where the storage does not tell of uploads.
std::vector<storage::UploadInfo> orphan_uploads(const Context& context, storage::Storage& storage,
                                                const UploadPlace& place);
// Gives them up; a line for each that could not be.
std::vector<std::string> abort_uploads(const Context& context, storage::Storage& storage,
                                       const UploadPlace& place,
                                       const std::vector<storage::UploadInfo>& uploads,
                                       Fence& fence);

// Removes the records of runs that began before then; returns how many.
std::uint64_t remove_records(const Context& context, storage::Storage& storage,
                             const catalog::CatalogOptions& catalog, const std::string& store,
                             WallTime before, Fence& fence);

}  // namespace holdfast::job
