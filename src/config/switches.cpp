#include "config/switches.h"

#include <fmt/format.h>

namespace holdfast::config {

namespace {

constexpr std::string_view kMaster = "backup.enabled";

// The switches of one store: their keys, and what they say.
struct Switches {
  std::string enabled_key, restore_key;
  bool enabled = false, scheduled = false, restore = false;
  std::string instance_key;  // of the instance itself; empty: there is no such switch
  bool instance = true;
};

Switches of_instance(const VictoriaMetrics& one, int n) {
  const std::string section = fmt::format("victoria-metrics-{}.", n);
  return {section + "backup.enabled", section + "restore.enabled", one.enabled,         true,
          one.restore_enabled,        section + "enabled",         one.instance_enabled};
}

Switches switches_of(const Values& values, Store store) {
  switch (store) {
    case Store::kStackGraph:
      return {"backup.stackGraph.enabled", "backup.stackGraph.restore.enabled",
              values.stackgraph.enabled, values.stackgraph.scheduled_enabled,
              values.stackgraph.restore_enabled};
    case Store::kConfiguration:
      return {"backup.configuration.enabled", "backup.configuration.restore.enabled",
              values.configuration.enabled, values.configuration.scheduled_enabled,
              values.configuration.restore_enabled};
    case Store::kElasticsearch:
      return {"backup.elasticsearch.enabled", "backup.elasticsearch.restore.enabled",
              values.elasticsearch.enabled, values.elasticsearch.scheduled_enabled,
              values.elasticsearch.restore_enabled};
    case Store::kVictoriaMetrics0:
      return of_instance(values.victoria_metrics[0], 0);
    case Store::kVictoriaMetrics1:
      return of_instance(values.victoria_metrics[1], 1);
    case Store::kClickHouse:
      return {"clickhouse.backup.enabled", "clickhouse.restore.enabled", values.clickhouse.enabled,
              true, values.clickhouse.restore_enabled};
  }
  return {};
}

std::optional<Refusal> refusal(const Values& values, const std::string& key, bool on,
                               bool override_disabled) {
  if (!values.backup.enabled) {
    return Refusal{std::string(kMaster), ErrorKind::kInvalidArgument,
                   "set backup.enabled to true in the values"};
  }
  if (on || override_disabled) return std::nullopt;
  return Refusal{key, ErrorKind::kRefused,
                 fmt::format("set {} to true in the values, or give --override-disabled", key)};
}

void require(const std::optional<Refusal>& refused, std::string_view verb, Store store) {
  if (!refused) return;
  throw_error(refused->kind, fmt::format("{} {}", verb, name_of(store)), refused->key + " is false",
              refused->advice, "SwitchedOff");
}

}  // namespace

std::string_view name_of(Store store) {
  switch (store) {
    case Store::kStackGraph:
      return "stackgraph";
    case Store::kVictoriaMetrics0:
      return "victoria-metrics-0";
    case Store::kVictoriaMetrics1:
      return "victoria-metrics-1";
    case Store::kClickHouse:
      return "clickhouse";
    case Store::kElasticsearch:
      return "elasticsearch";
    case Store::kConfiguration:
      return "configuration";
  }
  return "";
}

std::optional<Store> store_of(std::string_view name) {
  for (const Store store : kAllStores) {
    if (name_of(store) == name) return store;
  }
  return std::nullopt;
}

bool is_enabled(const Values& values, Store store) {
  const Switches switches = switches_of(values, store);
  return values.backup.enabled && switches.enabled && switches.instance;
}

bool is_scheduled(const Values& values, Store store) {
  return is_enabled(values, store) && switches_of(values, store).scheduled;
}

std::optional<Refusal> backup_refusal(const Values& values, Store store, bool override_disabled) {
  const Switches switches = switches_of(values, store);
  if (const auto refused =
          refusal(values, switches.enabled_key, switches.enabled, override_disabled)) {
    return refused;
  }
  return refusal(values, switches.instance_key, switches.instance, override_disabled);
}

std::optional<Refusal> restore_refusal(const Values& values, Store store, bool override_disabled) {
  const Switches switches = switches_of(values, store);
  return refusal(values, switches.restore_key, switches.restore, override_disabled);
}

void require_backup(const Values& values, Store store, bool override_disabled) {
  require(backup_refusal(values, store, override_disabled), "backup", store);
}

void require_restore(const Values& values, Store store, bool override_disabled) {
  require(restore_refusal(values, store, override_disabled), "restore", store);
}

void require_master_switch(const Values& values, const std::string& what) {
  if (values.backup.enabled) return;
  throw InvalidArgument(what, std::string(kMaster) + " is false",
                        "set backup.enabled to true in the values");
}

}  // namespace holdfast::config
