// The composition root: puts rooms together as the values say.
#pragma once

#include <optional>

#include "app/storages.h"
#include "cli/program.h"
#include "cli/progress_printer.h"
#include "datastore/elasticsearch/elasticsearch.h"
#include "storage/wrap/wrap.h"

namespace holdfast::app {

class HoldfastProgram : public cli::Program {
 public:
  explicit HoldfastProgram(Context context);
  const Context& context() const override { return context_; }
  cli::GlobalOptions& global() override { return global_; }
  const config::Loaded& loaded() override;
  const config::Values& values() override;
  cli::OpenStore open(const cli::OpenRequest& request) override;
  cli::OpenElasticsearch open_elasticsearch() override;
  cli::OpenPlace open_place(const cli::PlaceRequest& request) override;
  std::unique_ptr<storage::Storage> open_storage(bool through_gateway) override;
  std::map<std::string, std::string> buckets() override { return buckets_in_use(values()); }
  Progress& progress() override;
  catalog::CatalogOptions catalog() override;
  std::vector<config::Store> scheduled_stores() override;
  job::StorePlan plan_of(config::Store store) override;
  std::vector<std::unique_ptr<job::Channel>> open_channels() override;
  int serve_gateway() override;
  int run_scheduler(const std::vector<std::string>& stores, bool single) override;

 private:
  // Straight to the storage; a restore may also come from one that can only be read.
  std::unique_ptr<storage::Storage> open_direct(const cli::OpenRequest& request,
                                                job::EngineOptions& options);
  std::unique_ptr<datastore::Datastore> make_datastore(config::Store store,
                                                       storage::Storage& storage);
  std::unique_ptr<datastore::Datastore> make_clickhouse(storage::Storage& storage);
  std::unique_ptr<datastore::Elasticsearch> make_elasticsearch(storage::Storage& storage);
  std::unique_ptr<datastore::Datastore> make_victoria_metrics(std::size_t number,
                                                              storage::Storage& storage);
  job::EngineOptions engine_options(const cli::OpenRequest& request);

  Context context_;
  cli::GlobalOptions global_;
  std::optional<config::Loaded> loaded_;
  bool warned_ = false;
  std::optional<cli::ProgressPrinter> progress_;
  storage::StorageCounts counts_;
};

}  // namespace holdfast::app
