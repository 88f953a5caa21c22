// What the cluster holds now, and how much more it can take.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/context.h"
#include "datastore/elasticsearch/server.h"

namespace holdfast::datastore::es {

struct LiveIndex {
  std::string name, uuid;
  bool is_open = true;
  std::uint64_t primaries = 0, replicas = 0;
  std::uint64_t documents = 0;  // as the cluster shows it: nested ones counted too; 0 when red
  std::uint64_t bytes = 0;
};

struct Cluster {
  std::map<std::string, LiveIndex> indices;
  // alias -> its indices, and the one that it writes to (empty: none is named)
  struct Alias {
    std::set<std::string> indices;
    std::string write_index;
  };
  std::map<std::string, Alias> aliases;
  std::set<std::string> data_streams;
  std::uint64_t shards = 0;       // of all open indices, replicas counted
  std::uint64_t most_shards = 0;  // that all data nodes together may have; 0: not known
  std::uint64_t bytes_free = 0;   // below the low watermark, over all data nodes
  bool knows_disk = false;        // and the cluster looks at it
};

Cluster look_at_cluster(const Context& context, Server& server);

// The same of some indices only, by their exact names; those that are not there are left out.
std::map<std::string, LiveIndex> find_indices(const Context& context, Server& server,
                                              const std::vector<std::string>& names);

// Those whose names begin so.
std::map<std::string, LiveIndex> find_indices_of(const Context& context, Server& server,
                                                 const std::string& prefix);

// Settings of one index, flat, as texts: "index.number_of_replicas". Those without a value are left
// out.
std::map<std::string, std::string> settings_of(const Context& context, Server& server,
                                               const std::string& index);

// Whether every primary shard of the index is at work.
bool primaries_are_up(const Context& context, Server& server, const std::string& index);

// Why the primaries of an index are not at work, a line a shard.
std::vector<std::string> why_down(const Context& context, Server& server, const std::string& index);

// Whether a primary shard of the index is still to come from that snapshot, or has failed to: one
// that is up has no such source any more.
bool waits_for_snapshot(const Context& context, Server& server, const std::string& index,
                        const std::string& repository, const std::string& snapshot);

// Takes away the blocks under which an index cannot be changed or deleted.
void lift_blocks(const Context& context, Server& server, const std::vector<std::string>& names);

// Removes the indices and returns when they are gone. Absent ones are no error. Corrupt, and
// nothing is removed, for what is no index's name. One that is read-only is made writable first: it
// could not be removed.
void delete_indices(const Context& context, Server& server, const std::vector<std::string>& names);

// Free bytes that must stay by a low watermark as the cluster writes it: "85%", "0.85", "50gb".
std::uint64_t bytes_to_leave(const std::string& watermark, std::uint64_t total);

}  // namespace holdfast::datastore::es
