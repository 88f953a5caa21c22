#include "app/storages.h"

#include <cstdlib>
#include <set>

#include "app/storage_azure.h"
#include "base/error.h"
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
  if (values.minio.storage_kind != config::StorageKind::kAzure) {
    return values.holdfast.storage.folder;
  }
  const config::AzureUpstream& azure = values.minio.azure;
  return azure.endpoint.empty() ? "Azure Blob Storage" : azure.endpoint;
}

std::unique_ptr<storage::Storage> open_configured_storage(const Context& context,
                                                          const config::Values& values,
                                                          bool read_only) {
  if (values.minio.storage_kind == config::StorageKind::kAzure) {
    return open_azure_upstream(context, values, read_only);
  }
  if (values.minio.storage_kind != config::StorageKind::kFolder) {
    throw Unsupported("open the storage", "this version serves no S3 upstream",
                      "set minio.persistence.enabled or minio.azuregateway.enabled");
  }
  storage::FolderOptions options;
  options.root = values.holdfast.storage.folder;
  options.read_only = read_only;
  options.reserved_bytes = values.holdfast.storage.reserved_bytes;
  auto storage = storage::open_folder_storage(context, options);
  if (!read_only) create_buckets(context, values, *storage);
  return storage;
}

std::unique_ptr<storage::Storage> open_gateway_client(const config::Values& values,
                                                      storage::StorageCounts& counts) {
  storage::S3Options options;
  options.endpoint = values.holdfast.gateway.url;
  options.client.ca_file = values.holdfast.gateway.tls_ca_file;
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
