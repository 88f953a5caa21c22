// What the files of this folder share: the options, the bucket, and the graph.
#pragma once

#include <memory>
#include <string>

#include "base/zone.h"
#include "datastore/stackgraph/command_tool.h"
#include "datastore/stackgraph/graph_tool.h"
#include "datastore/stackgraph/names.h"
#include "storage/storage.h"
#include "transfer/transfer.h"

namespace holdfast::datastore::sg {

struct Store {
  std::string name = "stackgraph";
  std::string bucket = "sts-stackgraph-backup";
  std::string prefix;  // of every key: empty, or with a slash at its end
  NameRules names;
  Zone zone = Zone::utc();
  std::uint64_t split_bytes = 0;  // 0: one object an export
  bool always_replaces = false;   // an import needs no force
  CommandOptions stack_packs;     // no export_command: they are not backed up
  fs::path local_folder;          // keeps the newest exports as well; empty: none
  std::uint64_t most_local = 0;
  fs::path temporary_parent;
  transfer::TransferOptions transfer;
  std::unique_ptr<GraphTool> tool;
  std::unique_ptr<GraphTool> drill_tool;  // of a graph for drills; none: there is no such graph
  storage::Storage* storage = nullptr;    // borrowed
};

}  // namespace holdfast::datastore::sg
