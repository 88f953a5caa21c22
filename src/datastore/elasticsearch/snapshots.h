// Snapshots as the cluster lists them, and how far a running one is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "datastore/elasticsearch/server.h"

namespace holdfast::datastore::es {

struct SnapshotFailure {
  std::string index;
  std::string reason;
};

struct Snapshot {
  std::string name, uuid;
  std::string state;  // SUCCESS, PARTIAL, FAILED, IN_PROGRESS
  std::optional<WallTime> started, ended;
  std::vector<std::string> indices, data_streams;
  std::uint64_t shards_total = 0, shards_failed = 0;
  std::vector<SnapshotFailure> failures;
  std::optional<std::uint64_t> bytes;  // of all its files, where the cluster tells
  std::string policy;                  // metadata.policy: who made it
  std::string version;                 // of the cluster that made it
  // Why it cannot be restored although it is in the list; empty: it can, or is IN_PROGRESS.
  std::string broken_because;
};

// All of the repository, the oldest start first. One whose own file is missing or damaged is there
// too, as broken: the cluster then hides all others unless it is asked in another way.
std::vector<Snapshot> list_snapshots(const Context& context, Server& server,
                                     const std::string& repository);

// NotFound (code snapshot_missing_exception) when there is none. Patient: get_patiently().
Snapshot find_snapshot(const Context& context, Server& server, const std::string& repository,
                       const std::string& name);

// The same for one that somebody wants to have: Corrupt when it is in the list and its own file is
// missing or damaged, NotFound without a code when it is not.
Snapshot wanted_snapshot(const Context& context, Server& server, const std::string& repository,
                         const std::string& name);

// Those that run now, in any repository: "REPOSITORY:NAME".
std::vector<std::string> running_snapshots(const Context& context, Server& server);

// The snapshots that `pattern` (of a-z 0-9 - _ and *) fits, also running ones.
std::vector<Snapshot> find_snapshots(const Context& context, Server& server,
                                     const std::string& repository, const std::string& pattern);

struct SnapshotStatus {
  std::uint64_t bytes_total = 0, files_total = 0;  // of everything that it refers to
  std::uint64_t bytes_new = 0, files_new = 0;      // what it had to send, or has yet
  std::uint64_t bytes_done = 0, files_done = 0;    // while it runs
  std::map<std::string, std::uint64_t> bytes_of_index;
};
SnapshotStatus status_of(const Context& context, Server& server, const std::string& repository,
                         const std::string& name);

// Throws Corrupt naming what is wrong: a state that is not SUCCESS, failed shards (with their
// reasons), no index.
void require_success(const Snapshot& snapshot);

}  // namespace holdfast::datastore::es
