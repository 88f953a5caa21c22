#include "app/storages.h"

#include <cstdlib>
#include <set>

#include "app/storage_azure.h"
#include "app/storage_s3.h"
#include "base/error.h"
#include "codec/text.h"
#include "config/rules.h"
#include "storage/folder/folder_storage.h"
#include "storage/s3/s3_storage.h"

namespace holdfast::app {

namespace {

// The buckets that the values name exist from the start, as the chart's init job makes them.
void create_buckets(const Context& context, const config::Values& values,
                    storage::Storage& storage) {
  std::set<std::string> wanted = bucket_names(values);
  for (const storage::BucketInfo& bucket : storage.buckets()->list(context))
    wanted.erase(bucket.name);
  for (const std::string& name : wanted) storage.buckets()->create(context, name);
}

}  // namespace

std::set<std::string> bucket_names(const config::Values& values) {
  std::set<std::string> names = {values.stackgraph.bucket_name, values.configuration.bucket_name,
                                 values.elasticsearch.bucket_name, values.clickhouse.bucket_name,
                                 values.holdfast.catalog.bucket_name};
  for (const config::VictoriaMetrics& instance : values.victoria_metrics)
    names.insert(instance.bucket_name);
  return names;
}

std::string place_of_objects(const config::Values& values) {
  const auto named = [](const std::string& endpoint, const char* otherwise) {
    return endpoint.empty() ? std::string(otherwise) : endpoint;
  };
  switch (values.minio.storage_kind) {
    case config::StorageKind::kS3:
      return named(values.minio.s3.endpoint, "AWS S3");
    case config::StorageKind::kAzure:
      return named(values.minio.azure.endpoint, "Azure Blob Storage");
    case config::StorageKind::kFolder:
      break;
  }
  return values.holdfast.storage.folder;
}

std::map<std::string, std::string> buckets_in_use(const config::Values& values) {
  std::map<std::string, std::string> named;
  for (const config::BucketUse& use : config::bucket_uses(values)) {
    const bool settings = use.bucket_key == "backup.configuration.bucketName";
    if (settings && use.bucket == use.default_bucket) continue;
    if (use.enabled) named.emplace(use.bucket, use.bucket_key);
  }
  named.emplace(values.holdfast.catalog.bucket_name, "holdfast.catalog.bucketName");
  return named;
}

std::unique_ptr<storage::Storage> open_configured_storage(const Context& context,
                                                          const config::Values& values,
                                                          bool read_only) {
  if (values.minio.storage_kind == config::StorageKind::kAzure) {
    return open_azure_upstream(context, values, read_only);
  }
  if (values.minio.storage_kind == config::StorageKind::kS3) {
    const Use use = read_only ? Use::kReads : Use::kReadsAndWrites;
    return open_s3_upstream(values, config::Environment::of_process(), use);
  }
  storage::FolderOptions options;
  options.root = values.holdfast.storage.folder;
  options.read_only = read_only;
  options.reserved_bytes = values.holdfast.storage.reserved_bytes;
  options.keys_in_reserve = values.holdfast.catalog.prefix;
  for (const config::EncryptionKey& each : values.holdfast.storage.encryption_keys) {
    options.own_keys.emplace_back(codec::from_hex(each.key.reveal()).value_or(""));
  }
  auto storage = storage::open_folder_storage(context, options);
  if (!read_only) create_buckets(context, values, *storage);
  return storage;
}

std::unique_ptr<storage::Storage> open_gateway_client(const config::Values& values,
                                                      storage::StorageCounts& counts) {
  storage::S3Options options;
  options.endpoint = values.holdfast.gateway.url;
  options.client.ca_file = values.holdfast.gateway.tls_ca_file;
  options.client.advice_when_down =
      "start `holdfast gateway`, correct holdfast.gateway.url, or give --direct where the command "
      "has it";
  options.region = values.holdfast.gateway.region;
  options.credentials.access_key = values.minio.access_key;
  options.credentials.secret_key = values.minio.secret_key;
  return storage::with_meter(storage::with_retry(storage::make_s3_storage(options)), counts);
}

std::unique_ptr<storage::Storage> open_foreign_s3(const std::string& address) {
  auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  storage::S3Options options;
  options.endpoint = address;
  options.credentials.access_key = variable("AWS_ACCESS_KEY_ID");
  options.credentials.secret_key = Secret(variable("AWS_SECRET_ACCESS_KEY"));
  options.credentials.session_token = variable("AWS_SESSION_TOKEN");
  if (std::string region = variable("AWS_REGION"); !region.empty()) options.region = region;
  if (options.credentials.access_key.empty()) {
    throw InvalidArgument("open " + address, "there are no keys for it",
                          "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  return storage::with_retry(storage::make_s3_storage(options));
}

}  // namespace holdfast::app
