// Whether a snapshot's blobs are all there and whole, found out without Elasticsearch.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "base/context.h"
#include "base/progress.h"
#include "datastore/datastore.h"
#include "datastore/elasticsearch/repository_files.h"
#include "datastore/elasticsearch/repository_shards.h"

namespace holdfast::datastore::es {

inline constexpr std::size_t kMostProblems = 100;

// One run over one repository: each index's folder is listed once, and a file that several
// snapshots share is read once. Not thread-safe.
//
// What verify() sees: every metadata blob of the snapshot is there and its checksum is right; every
// file that a shard's metadata names is there in all its parts, with their sizes; files whose bytes
// lie in the metadata have the recorded checksum. `deep`: every data blob is read and has the
// recorded checksum. What it cannot see: whether index-N was changed (it has no checksum), and
// whether Lucene can make sense of the bytes: a drill tells.
class RepositoryCheck {
 public:
  // Borrows `blobs`. `threads`: requests at once.
  RepositoryCheck(RepositoryBlobs& blobs, unsigned threads) : blobs_(blobs), threads_(threads) {}

  // Damage is told, not thrown: at most kMostProblems lines, the others counted. Warnings: what no
  // restore needs, but the next snapshot. NotFound when `index` has no such snapshot; what the
  // storage throws goes through. `only` narrows it to some indices; empty: all.
  VerifyReport verify(const Context& context, const RepositoryIndex& index,
                      const std::string& snapshot, bool deep, Progress& progress,
                      const std::set<std::string>& only = {});

 private:
  struct DataFile {
    std::string index_id;
    std::string folder;  // of the shard, with a slash at its end
    std::string where;   // for people: "logs-1, shard 0"
    StoredFile file;
  };

  void problem(const std::string& text);
  void warning(const std::string& text);
  void add(const std::string& blob, std::uint64_t size);
  void add_read(const Context& context, const std::string& blob);
  void list(const Context& context, const SnapshotContents& contents);
  std::optional<std::uint64_t> size_of(const Context& context, const std::string& index_id,
                                       const std::string& blob);
  void check_indices(const Context& context, const RepositoryIndex& index,
                     const SnapshotContents& contents, bool deep, Progress& progress);
  void check_shard(const Context& context, const IndexContents& index, unsigned shard,
                   const std::string& snapshot_uuid);
  void check_file(const Context& context, DataFile file);
  void check_generation(const Context& context, const StoredIndex& index, unsigned shard,
                        bool deep);
  void read_all_data(const Context& context, Progress& progress, const std::string& snapshot);
  void read_data(const Context& context, const DataFile& file, Progress& progress);

  RepositoryBlobs& blobs_;
  const unsigned threads_;
  // By an index's id: its blobs and their sizes. Only list() changes it.
  std::map<std::string, std::map<std::string, std::uint64_t>> listed_;
  std::map<std::string, std::string>
      read_;  // data files by their blob, and what is wrong with each

  std::mutex mutex_;  // for what follows
  VerifyReport report_;
  std::set<std::string> counted_;
  std::vector<DataFile> to_read_;
};

}  // namespace holdfast::datastore::es
