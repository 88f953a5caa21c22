#include "app/program.h"

#include <fmt/format.h>
#include <unistd.h>

#include "app/elasticsearch_options.h"
#include "app/stackgraph_options.h"
#include "app/storages.h"
#include "app/store_plans.h"
#include "base/error.h"
#include "base/log.h"
#include "datastore/clickhouse/clickhouse.h"
#include "datastore/victoria_metrics/victoria_metrics.h"

namespace holdfast::app {

HoldfastProgram::HoldfastProgram(Context context) : context_(std::move(context)) {}

const config::Loaded& HoldfastProgram::loaded() {
  if (!loaded_) {
    config::Environment environment = config::Environment::of_process();
    loaded_ = global_.values_file.empty() ? config::examine("{}", "(no values file)", environment)
                                          : config::examine_file(global_.values_file, environment);
  }
  return *loaded_;
}

const config::Values& HoldfastProgram::values() {
  const config::Loaded& all = loaded();
  if (!all.problems.empty()) {
    throw config::to_error(all.source, all.problems.front(), all.problems.size() - 1);
  }
  if (!warned_) {
    log::set_format(all.values.holdfast.log.format);
    if (!global_.quiet && !global_.verbose) log::set_level(all.values.holdfast.log.level);
  }
  if (!warned_ && !global_.quiet) {
    for (const config::Problem& warning : all.warnings) {
      std::string place = all.source;
      if (warning.line > 0) place += fmt::format(":{}", warning.line);
      log::warning(context_, fmt::format("{}: {}: {}", place, warning.path, warning.why));
    }
  }
  warned_ = true;
  return all.values;
}

Progress& HoldfastProgram::progress() {
  if (!progress_) {
    cli::ProgressStyle style = cli::ProgressStyle::kLines;
    if (::isatty(STDERR_FILENO)) style = cli::ProgressStyle::kTerminal;
    if (log::format() == log::Format::kJson) style = cli::ProgressStyle::kLog;
    if (global_.quiet || global_.json()) style = cli::ProgressStyle::kSilent;
    progress_.emplace(context_, style, STDERR_FILENO);
  }
  return *progress_;
}

cli::OpenStore HoldfastProgram::open(const cli::OpenRequest& request) {
  cli::OpenStore store;
  job::EngineOptions options = engine_options(request);
  if (request.direct) {
    store.storage = storage::with_meter(open_direct(request, options), counts_);
  } else {
    store.storage = open_gateway_client(values(), counts_);
  }
  store.datastore = make_datastore(request.store, *store.storage);
  store.engine = std::make_unique<job::Engine>(*store.datastore, *store.storage, options);
  return store;
}

std::unique_ptr<storage::Storage> HoldfastProgram::open_direct(const cli::OpenRequest& request,
                                                               job::EngineOptions& options) {
  // Whoever only reads leaves no record there.
  if (request.read_only) options.catalog_is_read_only = true;
  try {
    return open_configured_storage(context_, values(), request.read_only);
  } catch (const AccessDenied& error) {
    if (!request.changes_nothing_stored) throw;
    log::warning(context_, "the storage can only be read (" + error.reason() +
                               "): no lease is taken and no record is left");
  }
  options.catalog_is_read_only = true;
  return open_configured_storage(context_, values(), true);
}

cli::OpenPlace HoldfastProgram::open_place(const cli::PlaceRequest& request) {
  cli::OpenPlace place;
  if (request.where.starts_with("http://") || request.where.starts_with("https://")) {
    place.storage = storage::with_meter(open_foreign_s3(request.where), counts_);
    return place;
  }
  config::Environment environment = config::Environment::of_process();
  if (request.is_source) environment = environment.without_settings();
  config::Loaded loaded = config::examine_file(request.where, environment);
  if (!loaded.problems.empty()) {
    throw config::to_error(loaded.source, loaded.problems.front(), loaded.problems.size() - 1);
  }
  place.values = std::move(loaded.values);
  if (request.direct) {
    place.storage = storage::with_meter(
        open_configured_storage(context_, *place.values, request.is_source), counts_);
  } else {
    place.storage = open_gateway_client(*place.values, counts_);
  }
  place.engine.catalog.bucket = place.values->holdfast.catalog.bucket_name;
  place.engine.catalog.prefix = place.values->holdfast.catalog.prefix;
  return place;
}

std::unique_ptr<storage::Storage> HoldfastProgram::open_storage(bool through_gateway) {
  if (through_gateway) return open_gateway_client(values(), counts_);
  return open_configured_storage(context_, values(), false);
}

std::unique_ptr<datastore::Datastore> HoldfastProgram::make_datastore(config::Store store,
                                                                      storage::Storage& storage) {
  switch (store) {
    case config::Store::kVictoriaMetrics0:
      return make_victoria_metrics(0, storage);
    case config::Store::kVictoriaMetrics1:
      return make_victoria_metrics(1, storage);
    case config::Store::kClickHouse:
      return make_clickhouse(storage);
    case config::Store::kElasticsearch:
      return make_elasticsearch(storage);
    case config::Store::kStackGraph:
      return datastore::make_stackgraph(stackgraph_options(values()), storage);
    case config::Store::kConfiguration:
      return datastore::make_stackgraph(configuration_options(values()), storage);
  }
  throw InvalidArgument(std::string(config::name_of(store)), "it is no store");
}

std::unique_ptr<datastore::Datastore> HoldfastProgram::make_clickhouse(storage::Storage& storage) {
  const config::ClickHouse& chart = values().clickhouse;
  const config::ClickHouseServer& server = values().holdfast.clickhouse;
  datastore::ClickHouseOptions options;
  options.bucket = chart.bucket_name;
  options.prefix = chart.prefix;
  options.tables = chart.tables;
  options.url = server.url;
  options.user = server.user;
  options.password = server.password;
  options.data_path = server.data_path;
  options.max_chain_length = unsigned(server.max_chain_length);
  options.transfer.max_bytes_per_second = server.max_bytes_per_second;
  if (server.concurrency > 0) options.transfer.threads = unsigned(server.concurrency);
  return datastore::make_clickhouse(options, storage);
}

cli::OpenElasticsearch HoldfastProgram::open_elasticsearch() {
  cli::OpenElasticsearch opened;
  opened.storage = open_gateway_client(values(), counts_);
  opened.elasticsearch = make_elasticsearch(*opened.storage);
  return opened;
}

std::unique_ptr<datastore::Elasticsearch> HoldfastProgram::make_elasticsearch(
    storage::Storage& storage) {
  return datastore::make_elasticsearch(elasticsearch_options(values()), storage);
}

std::unique_ptr<datastore::Datastore> HoldfastProgram::make_victoria_metrics(
    std::size_t number, storage::Storage& storage) {
  const config::VictoriaMetrics& chart = values().victoria_metrics[number];
  const config::VictoriaMetricsServer& server = values().holdfast.victoria_metrics[number];
  datastore::VictoriaMetricsOptions options;
  options.instance = config::name_of(number == 1 ? config::Store::kVictoriaMetrics1
                                                 : config::Store::kVictoriaMetrics0);
  options.bucket = chart.bucket_name;
  options.prefix = chart.prefix;
  options.url = server.url;
  options.data_path = server.data_path;
  options.snapshot_auth_key = server.snapshot_auth_key;
  options.server_program = server.server_program;
  options.transfer.max_bytes_per_second = server.max_bytes_per_second;
  if (server.concurrency > 0) options.transfer.threads = unsigned(server.concurrency);
  return datastore::make_victoria_metrics(options, storage);
}

namespace {

job::Hook hook_of(const config::Hook& hook) {
  return {hook.command, hook.timeout, hook.on_error == config::OnError::kContinue};
}

job::Hooks hooks_of(const config::Hooks& hooks) {
  return {hook_of(hooks.before_backup), hook_of(hooks.after_backup), hook_of(hooks.before_restore),
          hook_of(hooks.after_restore)};
}

}  // namespace

catalog::CatalogOptions HoldfastProgram::catalog() {
  return {values().holdfast.catalog.bucket_name, values().holdfast.catalog.prefix};
}

std::vector<config::Store> HoldfastProgram::scheduled_stores() {
  return app::scheduled_stores(values());
}

job::StorePlan HoldfastProgram::plan_of(config::Store store) {
  return app::plan_of(values(), store);
}

job::EngineOptions HoldfastProgram::engine_options(const cli::OpenRequest& request) {
  job::EngineOptions options;
  options.catalog = catalog();
  options.lease.wait_at_most = request.wait;
  for (std::size_t i = 0; i < config::kAllStores.size(); ++i) {
    if (config::kAllStores[i] == request.store)
      options.hooks = hooks_of(values().holdfast.hooks[i]);
  }
  if (request.store == config::Store::kVictoriaMetrics0 ||
      request.store == config::Store::kVictoriaMetrics1) {
    std::size_t number = request.store == config::Store::kVictoriaMetrics1 ? 1 : 0;
    options.keep_last_daily = unsigned(values().victoria_metrics[number].keep_last_daily);
    options.keep_last_weekly = unsigned(values().victoria_metrics[number].keep_last_weekly);
  }
  if (request.store == config::Store::kClickHouse) {
    options.keep_chained = values().clickhouse.keep_remote;
  }
  options.uploads = uploads_of(values(), request.store);
  if (request.store == config::Store::kElasticsearch) {
    options.keep_snapshots = snapshot_retention(values());
  }
  if (request.store == config::Store::kStackGraph) {
    options.keep_named = stackgraph_retention(values());
  }
  if (request.store == config::Store::kConfiguration) {
    options.keep_named = configuration_retention(values());
  }
  return options;
}

}  // namespace holdfast::app
