// What commands need of the composition root (app/), so that no command knows how rooms are put
// together.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/progress.h"
#include "cli/command.h"
#include "config/load.h"
#include "datastore/datastore.h"
#include "datastore/elasticsearch/elasticsearch.h"
#include "job/engine.h"
#include "job/notify/channel.h"
#include "job/task.h"
#include "storage/storage.h"

namespace holdfast::cli {

// A store with everything that its runs need. Members are in order of construction.
struct OpenStore {
  std::unique_ptr<storage::Storage> storage;
  std::unique_ptr<datastore::Datastore> datastore;
  std::unique_ptr<job::Engine> engine;
};

// Elasticsearch by itself, for what no other store has.
struct OpenElasticsearch {
  std::unique_ptr<storage::Storage> storage;
  std::unique_ptr<datastore::Elasticsearch> elasticsearch;
};

struct OpenRequest {
  config::Store store;
  bool direct = false;  // around the gateway, straight to the configured storage
  bool read_only = false;
  Duration wait{0};                     // for a lease that another run holds
  bool changes_nothing_stored = false;  // with direct: a storage that can only be read will do
};

// A place that backups are copied from or to.
struct PlaceRequest {
  std::string where;       // a values file, or the http(s) address of any S3
  bool direct = false;     // around the gateway
  bool is_source = false;  // read only; variables of this process are the destination's settings
};
struct OpenPlace {
  std::optional<config::Values> values;  // none for an address
  std::unique_ptr<storage::Storage> storage;
  job::EngineOptions engine;  // with values: where its catalog lies
};

class Program {
 public:
  virtual ~Program() = default;
  // Cancelled by SIGINT and SIGTERM.
  virtual const Context& context() const = 0;
  virtual GlobalOptions& global() = 0;
  // The values file as it is, problems included. Read once, at first use.
  virtual const config::Loaded& loaded() = 0;
  // The values; InvalidArgument for the first problem. Warnings go to standard error, once.
  virtual const config::Values& values() = 0;
  // InvalidArgument for a store that this version does not know yet.
  virtual OpenStore open(const OpenRequest& request) = 0;
  virtual OpenElasticsearch open_elasticsearch() = 0;
  // InvalidArgument for a values file with problems, or an address without keys.
  virtual OpenPlace open_place(const PlaceRequest& request) = 0;
  // The configured storage itself, for reading and writing; or our gateway before it.
  virtual std::unique_ptr<storage::Storage> open_storage(bool through_gateway) = 0;
  // The buckets in use, each with the setting that names it.
  virtual std::map<std::string, std::string> buckets() = 0;
  // Shows on a terminal, plain lines elsewhere, nothing when quiet.
  virtual Progress& progress() = 0;
  // Where run records, leases and the states of schedules lie.
  virtual catalog::CatalogOptions catalog() = 0;
  // The stores that something is scheduled for.
  virtual std::vector<config::Store> scheduled_stores() = 0;
  virtual job::StorePlan plan_of(config::Store store) = 0;
  // The ways that are set for telling people.
  virtual std::vector<std::unique_ptr<job::Channel>> open_channels() = 0;
  // Serves until told to stop.
  virtual int serve_gateway() = 0;
  // Follows schedules until told to stop; of all scheduled stores when none are named.
  virtual int run_scheduler(const std::vector<std::string>& stores, bool single) = 0;
};

// InvalidArgument, with the known ones, for a name that is no store.
config::Store store_named(const std::string& name);

Command make_backup_command(Program& program);
Command make_copy_command(Program& program);
Command make_config_command(Program& program);
Command make_drill_command(Program& program);
Command make_elasticsearch_command(Program& program);
Command make_gateway_command(Program& program);
Command make_list_command(Program& program);
Command make_notify_command(Program& program);
Command make_pause_command(Program& program);
Command make_prune_command(Program& program);
Command make_restore_command(Program& program);
Command make_resume_command(Program& program);
Command make_run_command(Program& program);
Command make_retention_command(Program& program);
Command make_schedule_command(Program& program);
Command make_scrub_command(Program& program);  // of make_storage_command
Command make_status_command(Program& program);
Command make_storage_command(Program& program);
Command make_verify_command(Program& program);

}  // namespace holdfast::cli
