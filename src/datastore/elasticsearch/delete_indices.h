// Deleting indices by hand, as the documentation tells: shown first, gone when it returns.
#pragma once

#include "datastore/elasticsearch/elasticsearch.h"

namespace holdfast::datastore::es {

std::vector<Elasticsearch::IndexRow> rows_of(const Context& context, Server& server,
                                             const std::string& pattern);
void delete_by_hand(const Context& context, Server& server, const std::vector<std::string>& names,
                    Progress& progress);

}  // namespace holdfast::datastore::es
