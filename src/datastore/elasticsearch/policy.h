// Snapshot lifecycle management (SLM) of clusters that have it: our policy there, compared and run.
// Shapes: docs/design/elasticsearch.md. No cluster of the tests has it: a double stands for it.
#pragma once

#include <string>
#include <vector>

#include "base/context.h"
#include "datastore/elasticsearch/server.h"

namespace holdfast::datastore::es {

enum class SnapshotMode { kAuto, kOwn, kSlm };

struct PolicyOptions {
  std::string id = "auto-sts-backup";
  std::string repository = "sts-backup";
  std::string schedule = "0 0 3 * * ?";
  std::string name_template = "<sts-backup-{now{yyyyMMdd-HHmm}}>";
  std::vector<std::string> indices = {"sts*"};
  std::string expire_after = "30d";
  std::uint64_t min_count = 5, max_count = 30;
  std::string retention_schedule = "0 30 1 * * ?";
};

// The body that makes the policy, as the charts send it.
nlohmann::json policy_body(const PolicyOptions& options);

// Whether the cluster answers about policies at all.
bool has_slm(const Context& context, Server& server);
// kAuto becomes one of the others. InvalidArgument for kSlm without SLM; Refused for kOwn while the
// cluster has the policy: both would take and remove snapshots.
SnapshotMode settle_mode(const Context& context, Server& server, SnapshotMode mode,
                         const PolicyOptions& options);

// Makes the policy and the retention schedule as configured, where they differ; a line for each
// change.
std::vector<std::string> ensure_policy(const Context& context, Server& server,
                                       const PolicyOptions& options);
// Starts a snapshot; its name.
std::string execute_policy(const Context& context, Server& server, const PolicyOptions& options);

}  // namespace holdfast::datastore::es
