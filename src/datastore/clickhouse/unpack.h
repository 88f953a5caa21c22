// Parts out of a backup: fetched in parallel, every byte checked, and written into folders.
#pragma once

#include <functional>
#include <vector>

#include "base/progress.h"
#include "datastore/clickhouse/resolve.h"
#include "transfer/transfer.h"

namespace holdfast::datastore::ch {

struct UnpackItem {
  const NeededPart* part = nullptr;
  fs::path folder;  // does not exist yet; empty: only checked, nothing is written
};

// Each object is fetched once, however many parts it holds. What is recorded is compared: digests
// of objects, else the server's own checksums in the part; then the identity. Throws Corrupt naming
// the object or part; folders may then hold wrong bytes. Files are not synced.
void unpack(const Context& context, const Place& place, const std::vector<UnpackItem>& items,
            const transfer::TransferOptions& options, Progress& progress);

// The same without writing, told one by one: `problem` is called, by any thread, for each object or
// part that is damaged, and the rest goes on.
void check_parts(const Context& context, const Place& place,
                 const std::vector<const NeededPart*>& parts,
                 const transfer::TransferOptions& options, Progress& progress,
                 const std::function<void(const std::string&)>& problem);

}  // namespace holdfast::datastore::ch
