#include "app/store_plans.h"

#include "config/switches.h"

namespace holdfast::app {

namespace {

using job::TaskKind;
using schedule::Dialect;

class Planner {
 public:
  Planner(const config::Values& values, config::Store store)
      : values_(values), zone_(zone_of(values.holdfast.run.time_zone)) {
    plan_.store = config::name_of(store);
  }

  // Nothing for an empty text: that is how a schedule is switched off.
  Planner& at(TaskKind kind, Dialect dialect, const std::string& text) {
    if (text.empty() || is_left_out(kind)) return *this;
    const Zone zone = dialect == Dialect::kElasticsearch ? Zone::utc() : zone_;
    plan_.tasks.push_back({kind, schedule::parse(dialect, text), zone, {}});
    return *this;
  }
  Planner& after(TaskKind kind, std::vector<TaskKind> others) {
    if (is_left_out(kind)) return *this;
    plan_.tasks.push_back({kind, std::nullopt, zone_, std::move(others)});
    return *this;
  }
  Planner& checks(bool can_drill) {
    at(TaskKind::kVerify, Dialect::kCronexpr, values_.holdfast.verify_schedule);
    if (can_drill) at(TaskKind::kDrill, Dialect::kCronexpr, values_.holdfast.drill_schedule);
    return *this;
  }
  job::StorePlan take() { return std::move(plan_); }

 private:
  bool is_left_out(TaskKind kind) const {
    return kind == TaskKind::kPrune && !values_.holdfast.run.prune;
  }
  static Zone zone_of(const std::string& name) {
    return name == "local" ? Zone::local() : Zone::named(name);
  }

  const config::Values& values_;
  Zone zone_;
  job::StorePlan plan_;
};

void plan_instance(Planner& planner, const config::VictoriaMetrics& instance) {
  planner.at(TaskKind::kBackup, Dialect::kCronexpr, instance.schedule)
      .at(TaskKind::kCopy, Dialect::kCronexpr, instance.daily_schedule)
      .after(TaskKind::kPrune, {TaskKind::kCopy})
      .checks(true);
}

}  // namespace

job::StorePlan plan_of(const config::Values& values, config::Store store) {
  Planner planner(values, store);
  if (!config::is_scheduled(values, store)) return planner.take();
  switch (store) {
    case config::Store::kStackGraph:
      planner.at(TaskKind::kBackup, Dialect::kKubernetes, values.stackgraph.schedule)
          .after(TaskKind::kPrune, {TaskKind::kBackup})
          .checks(!values.holdfast.stackgraph.drill_url.empty());
      break;
    case config::Store::kConfiguration:
      planner.at(TaskKind::kBackup, Dialect::kKubernetes, values.configuration.schedule)
          .after(TaskKind::kPrune, {TaskKind::kBackup})
          .checks(false);
      break;
    case config::Store::kElasticsearch:
      planner.at(TaskKind::kBackup, Dialect::kElasticsearch, values.elasticsearch.schedule)
          .at(TaskKind::kPrune, Dialect::kElasticsearch,
              values.holdfast.elasticsearch.retention_schedule)
          .checks(true);
      break;
    case config::Store::kClickHouse:
      planner.at(TaskKind::kFull, Dialect::kCronexpr, values.clickhouse.full_schedule)
          .at(TaskKind::kIncremental, Dialect::kCronexpr, values.clickhouse.incremental_schedule)
          .after(TaskKind::kPrune, {TaskKind::kFull, TaskKind::kIncremental})
          .checks(true);
      break;
    case config::Store::kVictoriaMetrics0:
      plan_instance(planner, values.victoria_metrics[0]);
      break;
    case config::Store::kVictoriaMetrics1:
      plan_instance(planner, values.victoria_metrics[1]);
      break;
  }
  return planner.take();
}

std::optional<job::UploadPlace> uploads_of(const config::Values& values, config::Store store) {
  switch (store) {
    case config::Store::kStackGraph:
      return job::UploadPlace{values.stackgraph.bucket_name, values.stackgraph.prefix};
    case config::Store::kConfiguration:
      return job::UploadPlace{values.configuration.bucket_name, values.configuration.prefix};
    case config::Store::kClickHouse:
      return job::UploadPlace{values.clickhouse.bucket_name, values.clickhouse.prefix};
    case config::Store::kVictoriaMetrics0:
      return job::UploadPlace{values.victoria_metrics[0].bucket_name,
                              values.victoria_metrics[0].prefix};
    case config::Store::kVictoriaMetrics1:
      return job::UploadPlace{values.victoria_metrics[1].bucket_name,
                              values.victoria_metrics[1].prefix};
    case config::Store::kElasticsearch:
      break;
  }
  return std::nullopt;
}

std::vector<config::Store> scheduled_stores(const config::Values& values) {
  std::vector<config::Store> stores;
  for (config::Store store : config::kAllStores) {
    if (!plan_of(values, store).tasks.empty()) stores.push_back(store);
  }
  return stores;
}

}  // namespace holdfast::app
