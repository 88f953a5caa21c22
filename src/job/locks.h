// Object lock, as retention has to respect it: in a bucket with versions a locked object can be
// hidden by a delete marker all the same, and then the backup is gone from every list.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "datastore/datastore.h"
#include "storage/storage.h"

namespace holdfast::job {

// Of the backups in `doomed`, by name, those that a lock keeps, and why; also what they build on.
// One HEAD a backup. A storage that does not tell of locks has none.
std::map<std::string, std::string> kept_by_locks(const Context& context, storage::Storage& storage,
                                                 const std::string& bucket,
                                                 const std::vector<datastore::BackupEntry>& entries,
                                                 const std::vector<std::string>& doomed);

}  // namespace holdfast::job
