#include "app/storage_azure.h"

#include "app/storages.h"
#include "base/error.h"
#include "base/log.h"
#include "storage/wrap/wrap.h"

namespace holdfast::app {

namespace {

void make_container(const Context& context, storage::Storage& storage, const std::string& name) {
  try {
    storage.buckets()->info(context, name);
    return;
  } catch (const NotFound&) {
    // made below
  } catch (const AccessDenied& error) {
    // A signature may be for what lies in containers alone.
    log::warning(context, error.to_string());
    return;
  }
  try {
    storage::RetryPolicy({}).run(context, "create bucket " + name,
                                 [&] { storage.buckets()->create(context, name); });
  } catch (const AccessDenied& error) {
    log::warning(context, error.to_string());
  } catch (const PreconditionFailed&) {
    // another gateway was faster, or a first try of ours
  }
}

}  // namespace

storage::AzureOptions azure_upstream_options(const config::Values& values) {
  const config::AzureUpstream& azure = values.minio.azure;
  if (azure.account_key.empty() && azure.signature.empty()) {
    throw Unsupported("open Azure Blob Storage as " + azure.account_name,
                      "this version does not use the machine's identity",
                      "give the account's key (minio.secretKey) or a shared access signature "
                      "(holdfast.storage.azure.sharedAccessSignature)");
  }
  storage::AzureOptions options;
  options.account = {azure.account_name, azure.account_key};
  options.signature = azure.signature;
  options.endpoint = azure.endpoint;
  options.client.ca_file = azure.ca_file;
  return options;
}

std::unique_ptr<storage::Storage> open_azure_upstream(const Context& context,
                                                      const config::Values& values,
                                                      bool read_only) {
  auto storage = storage::with_retry(storage::make_azure_storage(azure_upstream_options(values)),
                                     {.writes = false});
  if (read_only) return storage;
  for (const std::string& name : bucket_names(values)) make_container(context, *storage, name);
  return storage;
}

}  // namespace holdfast::app
