// What the values say of Elasticsearch, as its driver and its retention take it.
#pragma once

#include "config/values.h"
#include "datastore/elasticsearch/elasticsearch.h"
#include "job/engine.h"

namespace holdfast::app {

// InvalidArgument when the values name a repository of type fs without its location.
datastore::ElasticsearchOptions elasticsearch_options(const config::Values& values);

job::SnapshotRetention snapshot_retention(const config::Values& values);

}  // namespace holdfast::app
