// What a restore is doing, kept in the cluster that it changes: whoever finds it there, on any
// machine, can finish or undo it. One document in a small index of our own
// (docs/formats/elasticsearch-journal.md).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "datastore/elasticsearch/server.h"

namespace holdfast::datastore::es {

inline constexpr const char* kJournalIndex = "holdfast-restore-journal";
// Names of indices that a restore or a drill makes for itself.
inline constexpr const char* kTemporaryPrefix = "holdfast-restore-";
inline constexpr const char* kDrillPrefix = "holdfast-drill-";

enum class RestorePhase {
  kRestoring,  // nothing that was there is touched yet: a kill is undone
  kSwapping,   // the first index that was there is gone, or about to go: a kill is finished
};

// What one index shall be in the end, and how it comes there.
struct RestoredIndex {
  std::string name;       // in the snapshot and in the end
  std::string made;       // what the restore makes: a temporary name, or `name` itself
  std::string made_uuid;  // known from the swap on
  std::string old_uuid;   // of the index that is replaced; empty: none was there
  std::uint64_t shards = 0;
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> documents;  // as the snapshot's own files tell
  // What the temporary one must not have, and the final one shall: replicas, blocks, lifecycle.
  std::map<std::string, std::string> settings;
  nlohmann::json aliases = nlohmann::json::object();  // name -> filter, routing, is_write_index
  bool was_closed = false;
  bool is_done = false;
};

struct RestoreState {
  std::string id;
  std::string repository, snapshot, snapshot_uuid;
  std::vector<std::string> data_streams;  // restored with those of `indices` that back them
  bool swaps = false;                     // else the indices are restored under their own names
  RestorePhase phase = RestorePhase::kRestoring;
  std::vector<RestoredIndex> indices;
};

// Whether `index` holds the data of one of the streams: ".ds-STREAM-2026.11.23-000001".
bool is_backing(const std::string& index, const std::vector<std::string>& streams);

class RestoreJournal {
 public:
  explicit RestoreJournal(Server& server) : server_(server) {}
  // nullopt: no restore is under way. Corrupt for one that a newer holdfast wrote.
  std::optional<RestoreState> read(const Context& context);
  // Refused when there is one already.
  void begin(const Context& context, const RestoreState& state);
  // Refused when another process has changed it since.
  void change(const Context& context, const RestoreState& state);
  void clear(const Context& context);

 private:
  Server& server_;
  std::uint64_t sequence_ = 0, term_ = 0;  // of the document as last read or written
};

}  // namespace holdfast::datastore::es
