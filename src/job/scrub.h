// Reads everything that is stored, slowly, and tells what is not what it was: rot is found while
// the data still lives, not on the night of a restore.
//
// An object whose ETag is an MD5 (or S3's of its parts) is hashed and compared; others are only
// read to their end. Goes on where it stood when it was interrupted or killed: at most one page of
// names is read again. Changes nothing but its own record (catalog/scrub_record.h).
#pragma once

#include <string>
#include <vector>

#include "base/context.h"
#include "base/progress.h"
#include "catalog/scrub_record.h"
#include "storage/storage.h"

namespace holdfast::job {

struct ScrubOptions {
  catalog::CatalogOptions catalog;
  catalog::LeaseOptions lease;
  std::vector<std::string> buckets;
  std::uint64_t max_bytes_per_second = 0;  // 0: unlimited
  unsigned threads = 2;
};

// The finished pass. One scrub at a time: Refused while another one holds its lease. What says
// nothing about an object (Unavailable, AccessDenied...) is thrown; so is Cancelled; the next call
// goes on from there. Objects that are replaced or removed meanwhile are no problems.
catalog::ScrubPass scrub(const Context& context, storage::Storage& storage,
                         const ScrubOptions& options, Progress& progress);

}  // namespace holdfast::job
