// Goes through a whole graph on its server, over several connections at once.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/context.h"
#include "base/progress.h"
#include "codec/graph_hash.h"
#include "datastore/stackgraph/gremlin/gremlin_options.h"

namespace holdfast::datastore::sg {

// Takes whole lines of a graph file; called by several threads, one at a time.
using GraphLinesSink = std::function<void(std::string_view lines)>;

struct GraphRead {
  codec::GraphSummary summary;
  std::size_t largest_request = 0;  // as largest_request_of() says of every line
};

// Every vertex with its edges, once, in any order; `lines` may be empty. Memory: about 16 MiB a
// connection, and the largest vertex. Failed when the counts of vertices or edges before, on the
// way and afterwards are not the same, or an edge came from one of its ends only: the graph was
// changed meanwhile. (Values that change while they are read are not noticed.) Else throws as
// GremlinConnection does. `original_id`: as GraphHash has it.
GraphRead read_graph(const Context& context, const GremlinOptions& options, const std::string& what,
                     const GraphLinesSink& lines, const codec::GraphHash::OriginalId& original_id,
                     Progress& progress);

}  // namespace holdfast::datastore::sg
