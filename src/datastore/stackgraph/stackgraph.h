// StackGraph: the whole configuration and topology, an export a backup. The settings
// ("configuration") in the same way. Form in the bucket: docs/formats/stackgraph.md; order of
// steps: docs/design/stackgraph.md.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/zone.h"
#include "datastore/datastore.h"
#include "datastore/stackgraph/command_tool.h"
#include "datastore/stackgraph/gremlin/gremlin_options.h"
#include "datastore/stackgraph/names.h"
#include "storage/storage.h"
#include "transfer/transfer.h"

namespace holdfast::datastore {

struct StackGraphOptions {
  std::string store = "stackgraph";
  std::string bucket = "sts-stackgraph-backup";
  std::string prefix;  // s3Prefix; may be empty
  sg::NameRules names;
  Zone zone = Zone::utc();        // of the times in names
  std::uint64_t split_bytes = 0;  // splitArchiveSize; 0: one object
  fs::path temporary_folder;      // empty: the system's
  bool always_replaces = false;   // the importer knows no force: PlanRequest::force is implied
  fs::path local_folder;          // keeps the newest `most_local` exports as well; empty: none
  std::uint64_t most_local = 0;
  sg::CommandOptions commands;
  // In place of the commands, and the graph that drills fill and clear; none: no drills.
  std::optional<sg::GremlinOptions> gremlin, drill_gremlin;
  std::vector<std::string> stack_packs_command;  // with the commands' surroundings; may be empty
  transfer::TransferOptions transfer;
};

// Borrows `storage`, which must outlive the result. InvalidArgument when the regexp of names is
// none.
std::unique_ptr<Datastore> make_stackgraph(const StackGraphOptions& options,
                                           storage::Storage& storage);

}  // namespace holdfast::datastore
