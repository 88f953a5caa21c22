// Listing, verifying and removing versions.
#pragma once

#include "datastore/victoria_metrics/backup.h"

namespace holdfast::datastore::vm {

std::vector<BackupEntry> list_backups(const Context& context, const Place& place);
VerifyReport verify_backup(const Context& context, const Store& store, const VerifyRequest& request,
                           Progress& progress);
// The marker first, then data, the manifest last; a rerun finishes it. NotFound when nothing is
// there.
void remove_backup(const Context& context, Store& store, const std::string& name, Fence& fence);

}  // namespace holdfast::datastore::vm
