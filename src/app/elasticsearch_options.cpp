#include "app/elasticsearch_options.h"

#include <algorithm>

#include "base/error.h"
#include "retention/time_unit.h"

namespace holdfast::app {

namespace {

using datastore::es::SnapshotMode;

struct Pair {
  std::string access_key;
  Secret secret_key;
};

// The cluster gets as little as it needs: a pair that is limited to its bucket, where there is one.
Pair pair_of(const config::Values& values) {
  const config::ElasticsearchServer& server = values.holdfast.elasticsearch;
  if (!server.access_key.empty()) return {server.access_key, server.secret_key};
  for (const config::GatewayKey& key : values.holdfast.gateway.keys) {
    const bool writes = std::find(key.allow.begin(), key.allow.end(),
                                  config::Permission::kWriteNew) != key.allow.end();
    if (writes && key.bucket == values.elasticsearch.bucket_name &&
        values.elasticsearch.prefix.starts_with(key.prefix)) {
      return {key.access_key, key.secret_key};
    }
  }
  return {values.minio.access_key, values.minio.secret_key};
}

void fill_s3(const config::Values& values, std::map<std::string, Secret>& settings) {
  const std::string& url = values.holdfast.gateway.url;
  const Pair pair = pair_of(values);
  settings["bucket"] = Secret(values.elasticsearch.bucket_name);
  settings["base_path"] = Secret(values.elasticsearch.prefix);
  settings["endpoint"] = Secret(url);
  settings["protocol"] = Secret(url.substr(0, url.find(':')));
  settings["region"] = Secret(values.holdfast.gateway.region);
  settings["path_style_access"] = Secret("true");
  settings["access_key"] = Secret(pair.access_key);
  settings["secret_key"] = pair.secret_key;
}

datastore::es::RepositoryOptions repository_of(const config::Values& values) {
  const config::ElasticsearchServer& server = values.holdfast.elasticsearch;
  datastore::es::RepositoryOptions repository;
  repository.name = values.elasticsearch.snapshot_repository_name;
  switch (server.repository_type) {
    case config::RepositoryType::kS3:
      fill_s3(values, repository.settings);
      break;
    case config::RepositoryType::kFolder:
      repository.type = "fs";
      break;
    case config::RepositoryType::kAzure:
      repository.type = "azure";
      repository.settings["container"] = Secret(values.elasticsearch.bucket_name);
      repository.settings["base_path"] = Secret(values.elasticsearch.prefix);
      break;
  }
  for (const auto& [name, value] : server.repository_settings) repository.settings[name] = value;
  if (repository.type == "fs" && repository.settings["location"].empty()) {
    throw InvalidArgument("holdfast.elasticsearch.repositorySettings",
                          "a repository of type fs has a location, and none is given",
                          "set location to a folder below the cluster's path.repo");
  }
  return repository;
}

SnapshotMode mode_of(config::SnapshotMode mode) {
  switch (mode) {
    case config::SnapshotMode::kOwn:
      return SnapshotMode::kOwn;
    case config::SnapshotMode::kSlm:
      return SnapshotMode::kSlm;
    case config::SnapshotMode::kAuto:
      break;
  }
  return SnapshotMode::kAuto;
}

}  // namespace

datastore::ElasticsearchOptions elasticsearch_options(const config::Values& values) {
  const config::Elasticsearch& chart = values.elasticsearch;
  const config::ElasticsearchServer& server = values.holdfast.elasticsearch;
  datastore::ElasticsearchOptions options;
  options.server.url = server.url;
  options.server.user = server.user;
  options.server.password = server.password;
  options.server.ca_file = server.ca_file;
  options.repository = repository_of(values);
  options.policy.id = chart.snapshot_policy_name;
  options.policy.repository = chart.snapshot_repository_name;
  options.policy.schedule = chart.schedule;
  options.policy.name_template = chart.snapshot_name_template;
  options.policy.indices = chart.indices;
  options.policy.expire_after = chart.expire_after;
  options.policy.min_count = chart.min_count;
  options.policy.max_count = chart.max_count;
  options.policy.retention_schedule = server.retention_schedule;
  options.mode = mode_of(server.mode);
  options.bucket = chart.bucket_name;
  options.prefix = chart.prefix;
  return options;
}

job::SnapshotRetention snapshot_retention(const config::Values& values) {
  const config::Elasticsearch& chart = values.elasticsearch;
  job::SnapshotRetention retention;
  retention.policy_name = chart.snapshot_policy_name;
  retention.policy.expire_after = retention::parse_time_value(chart.expire_after).milliseconds();
  retention.policy.min_count = int(chart.min_count);
  retention.policy.max_count = int(chart.max_count);
  return retention;
}

}  // namespace holdfast::app
