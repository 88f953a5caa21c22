#include "app/gateway_keys.h"

#include <string>

namespace holdfast::app {

namespace {

gateway::Verb verb_of(config::Permission permission) {
  switch (permission) {
    case config::Permission::kRead:
      return gateway::Verb::kRead;
    case config::Permission::kList:
      return gateway::Verb::kList;
    case config::Permission::kWriteNew:
      return gateway::Verb::kWriteNew;
    case config::Permission::kOverwrite:
      return gateway::Verb::kOverwrite;
    case config::Permission::kDelete:
      return gateway::Verb::kDelete;
    case config::Permission::kBypassLock:
      break;
  }
  return gateway::Verb::kBypassLock;
}

struct Place {
  config::Store store;
  std::string bucket, prefix;
};

std::vector<Place> places_of(const config::Values& values) {
  std::vector<Place> places = {
      {config::Store::kStackGraph, values.stackgraph.bucket_name, values.stackgraph.prefix},
      {config::Store::kConfiguration, values.configuration.bucket_name,
       values.configuration.prefix},
      {config::Store::kClickHouse, values.clickhouse.bucket_name, values.clickhouse.prefix},
      {config::Store::kElasticsearch, values.elasticsearch.bucket_name,
       values.elasticsearch.prefix}};
  const config::Store instances[] = {config::Store::kVictoriaMetrics0,
                                     config::Store::kVictoriaMetrics1};
  for (std::size_t i = 0; i < std::size(instances); ++i) {
    const config::VictoriaMetrics& instance = values.victoria_metrics[i];
    places.push_back({instances[i], instance.bucket_name, instance.prefix});
  }
  return places;
}

bool writes(const gateway::Grant& grant) {
  return grant.allow.has(gateway::Verb::kWriteNew) || grant.allow.has(gateway::Verb::kOverwrite);
}

// Everything that changes a store's backups runs under its lease and leaves a record.
bool is_pair_of(const gateway::Grant& grant, const Place& place) {
  const bool changes = writes(grant) || grant.allow.has(gateway::Verb::kDelete);
  return changes && (grant.bucket.empty() || grant.bucket == place.bucket) &&
         (place.prefix.starts_with(grant.prefix) || grant.prefix.starts_with(place.prefix));
}

}  // namespace

std::vector<gateway::AccessKey> gateway_keys(const config::Values& values) {
  std::vector<gateway::AccessKey> keys = {
      {values.minio.access_key, values.minio.secret_key, true, {}}};
  const std::vector<Place> places = places_of(values);
  const config::Catalog& catalog = values.holdfast.catalog;
  for (const config::GatewayKey& key : values.holdfast.gateway.keys) {
    gateway::Grant grant{key.bucket, key.prefix, {}};
    for (config::Permission permission : key.allow) grant.allow.add(verb_of(permission));
    gateway::AccessKey limited{key.access_key, key.secret_key, false, {grant}};
    for (const Place& place : places) {
      if (!is_pair_of(grant, place)) continue;
      for (gateway::Grant& more :
           gateway::catalog_grants(catalog.bucket_name, catalog.prefix,
                                   std::string(config::name_of(place.store)), !writes(grant))) {
        limited.grants.push_back(std::move(more));
      }
    }
    keys.push_back(std::move(limited));
  }
  return keys;
}

}  // namespace holdfast::app
