// Elasticsearch (7.x) and OpenSearch (2.x): snapshots that the cluster writes into its own
// repository and holdfast starts, watches, checks, restores and removes.
// Order of steps and what is not one moment: docs/design/elasticsearch.md; the repository's own
// files: docs/formats/elasticsearch-repository.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datastore/datastore.h"
#include "datastore/elasticsearch/policy.h"
#include "datastore/elasticsearch/repository.h"
#include "datastore/elasticsearch/server.h"
#include "storage/storage.h"

namespace holdfast::datastore {

struct ElasticsearchOptions {
  es::ServerOptions server;
  es::RepositoryOptions repository;
  es::PolicyOptions policy;  // also the patterns, the name and the origin of our own snapshots
  es::SnapshotMode mode = es::SnapshotMode::kAuto;
  std::string bucket = "sts-elasticsearch-backup";
  std::string prefix;  // s3Prefix: the repository's base path
};

// What only this store has.
class Elasticsearch : public Datastore {
 public:
  // Registers the repository; with `reconfigure` also one that is there. What is to be known, a
  // line each.
  virtual std::vector<std::string> register_repository(const Context& context,
                                                       bool reconfigure) = 0;

  struct IndexRow {
    std::string health, status, name, uuid, primaries, replicas, documents, deleted, size,
        primary_size;
  };
  // What a pattern means now, as `_cat/indices` shows it; Refused for one that reaches the
  // system's.
  virtual std::vector<IndexRow> indices(const Context& context, const std::string& pattern) = 0;
  // Returns when none of them is there any more. The write index of a data stream is rolled over
  // first: it cannot be removed as long as it is that.
  virtual void delete_indices(const Context& context, const std::vector<std::string>& names,
                              Progress& progress) = 0;
};

// Borrows `storage`, which must outlive the result.
std::unique_ptr<Elasticsearch> make_elasticsearch(const ElasticsearchOptions& options,
                                                  storage::Storage& storage);

}  // namespace holdfast::datastore
