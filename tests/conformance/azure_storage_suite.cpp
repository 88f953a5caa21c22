// The suite over the Azure driver and a real Azurite, once with the account's key and once with a
// shared access signature. HOLDFAST_AZURITE_{URL,ACCOUNT,KEY,SIGNATURE} name it;
// azure_conformance.py sets them.
#include <stdexcept>
#include <stdlib.h>

#include "conformance/storage_suite.h"
#include "storage/azure/azure_storage.h"

namespace holdfast::storage {

namespace {

std::string setting(const char* name) {
  const char* value = getenv(name);
  if (!value) throw std::runtime_error(std::string(name) + " is not set");
  return value;
}

AzureOptions azurite() {
  AzureOptions options;
  options.endpoint = setting("HOLDFAST_AZURITE_URL");
  options.account.name = setting("HOLDFAST_AZURITE_ACCOUNT");
  return options;
}

}  // namespace

INSTANTIATE_STORAGE_CONFORMANCE(Azure, [] {
  AzureOptions options = azurite();
  options.account.key = Secret(setting("HOLDFAST_AZURITE_KEY"));
  return share(make_azure_storage(options));
});
INSTANTIATE_STORAGE_CONFORMANCE(AzureBySignature, [] {
  AzureOptions options = azurite();
  options.signature = Secret(setting("HOLDFAST_AZURITE_SIGNATURE"));
  return share(make_azure_storage(options));
});

}  // namespace holdfast::storage
