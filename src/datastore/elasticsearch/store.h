// What every part of the Elasticsearch driver is given.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datastore/elasticsearch/elasticsearch.h"
#include "datastore/elasticsearch/server.h"
#include "storage/storage.h"

namespace holdfast::datastore::es {

struct Store {
  ElasticsearchOptions options;
  std::shared_ptr<Server> server;
  storage::Storage* storage = nullptr;  // borrowed; holds the repository of the types s3 and azure
  std::string name = "elasticsearch";
};

}  // namespace holdfast::datastore::es
