// StackGraph: the whole configuration and topology, an export a backup.
// Form in the bucket: docs/formats/stackgraph.md; order of steps: docs/design/stackgraph.md.
#pragma once

#include <memory>

#include "base/zone.h"
#include "datastore/datastore.h"
#include "datastore/stackgraph/command_tool.h"
#include "datastore/stackgraph/names.h"
#include "storage/storage.h"
#include "transfer/transfer.h"

namespace holdfast::datastore {

struct StackGraphOptions {
  std::string bucket = "sts-stackgraph-backup";
  std::string prefix;  // s3Prefix; may be empty
  sg::NameRules names;
  Zone zone = Zone::utc();        // of the times in names
  std::uint64_t split_bytes = 0;  // splitArchiveSize; 0: one object
  fs::path temporary_folder;      // empty: the system's
  sg::CommandOptions commands;
  transfer::TransferOptions transfer;
};

// Borrows `storage`, which must outlive the result. InvalidArgument when the regexp of names is
// none.
std::unique_ptr<Datastore> make_stackgraph(const StackGraphOptions& options,
                                           storage::Storage& storage);

}  // namespace holdfast::datastore
