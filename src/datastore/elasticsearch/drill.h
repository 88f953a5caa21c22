// A restore under names of our own, to prove that a snapshot restores.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "datastore/elasticsearch/restore_journal.h"
#include "datastore/elasticsearch/store.h"

namespace holdfast::datastore::es {

// The id of a drill that begins now; its indices are named by it.
std::string make_drill_id(const Context& context);

// Every document count of the drill's indices under the names that they have in the snapshot, each
// after a page of it was searched.
Measurement measure_drill(const Context& context, Server& server, const RestoreState& drill);

// The same of the cluster's own indices that the patterns choose.
Measurement measure_live(const Context& context, Server& server,
                         const std::vector<std::string>& patterns);

// Removes the indices of the drills `ended`, and of those that began over a day ago: a killed one
// cannot say that it has ended. A line each.
std::vector<std::string> remove_drills(const Context& context, Server& server,
                                       const std::vector<std::string>& ended);

}  // namespace holdfast::datastore::es
