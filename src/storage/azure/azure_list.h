// Lists of blobs. Azure goes on only from a marker of its own; S3 clients go on from a name.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <string>

#include "storage/azure/azure_endpoint.h"

namespace holdfast::storage {

// Which marker continues a list behind which name: bounded, forgetting what was not used longest. A
// missing entry costs reading the list from its start. Thread-safe.
class MarkerCache {
 public:
  explicit MarkerCache(std::size_t most) : most_(most) {}
  void keep(const ListRequest& request, const std::string& name, const std::string& marker);
  std::string find(const ListRequest& request, const std::string& name);  // empty: not known

 private:
  using Entries = std::list<std::pair<std::string, std::string>>;  // newest first
  static std::string key_of(const ListRequest& request, const std::string& name);

  const std::size_t most_;
  std::mutex mutex_;
  Entries entries_;
  std::map<std::string, Entries::iterator> by_key_;
};

class AzureLister {
 public:
  explicit AzureLister(AzureEndpoint& endpoint) : endpoint_(endpoint) {}
  // Throws Failed when Azure's page is not sorted by the keys' bytes or leaves the prefix: callers
  // merge lists, and would take what is out of order for missing.
  ListPage list(const Context& context, const ListRequest& request);

 private:
  AzureEndpoint& endpoint_;
  MarkerCache markers_{1000};
};

}  // namespace holdfast::storage
