// A snapshot of ours, deleted whatever happens. A note in the data folder (.holdfast-snapshot,
// outside of what snapshots and backups hold) tells the next run what a killed one left behind.
// Whoever calls these holds the data folder's lock (local.h).
#pragma once

#include <string>
#include <vector>

#include "base/context.h"
#include "base/file.h"
#include "datastore/victoria_metrics/server.h"

namespace holdfast::datastore::vm {

class Snapshot {
 public:
  // Borrows `server`. Refused when the snapshot does not show up in the data folder: the folder is
  // another server's, or none's.
  static Snapshot take(const Context& context, Server& server, const fs::path& data_path);
  Snapshot(Snapshot&& other) noexcept;
  Snapshot& operator=(Snapshot&&) = delete;
  // Deletes it if that was not done, within 30 seconds even when `context` was cancelled; a failure
  // is logged, and the note stays for the next run.
  ~Snapshot();

  const std::string& name() const { return name_; }
  fs::path folder() const { return data_path_ / "snapshots" / name_; }
  // Deletes it now.
  void remove(const Context& context);

 private:
  Snapshot(const Context& context, Server& server, fs::path data_path, std::string name);
  Context context_;
  Server* server_;
  fs::path data_path_;
  std::string name_;
};

// Whether a run noted a snapshot here and did not see it deleted.
bool snapshot_was_noted(const fs::path& data_path);

// Deletes the snapshot that a killed run noted, and nothing else; returns what was done, a line
// each. A server that cannot be reached is no error: the note stays.
std::vector<std::string> remove_leaked_snapshot(const Context& context, Server& server,
                                                const fs::path& data_path);

// Of the snapshots that exist now, the one that a run made which noted its wish at `asked`, saw
// `before`, and died before it learned the name; nullopt when that cannot be told for sure.
std::optional<std::string> made_by_dead_run(WallTime asked, const std::vector<std::string>& before,
                                            const std::vector<std::string>& now);

}  // namespace holdfast::datastore::vm
