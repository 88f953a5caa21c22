// What every job of this store is given.
#pragma once

#include <memory>

#include "datastore/clickhouse/bucket.h"
#include "datastore/clickhouse/clickhouse.h"
#include "datastore/clickhouse/server.h"

namespace holdfast::datastore::ch {

struct Store {
  ClickHouseOptions options;
  Place place;
  std::unique_ptr<Server> server;
};

}  // namespace holdfast::datastore::ch
