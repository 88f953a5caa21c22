// The graph of any TinkerPop server (Gremlin Server, JanusGraph Server) that runs scripts in
// gremlin-groovy and speaks GraphSON 3 over a websocket, as a GraphTool. Why it is done this way:
// docs/design/gremlin.md.
//
// Of the measurement: the counts "vertices", "edges", "vertex_properties", "meta_properties" and
// "edge_properties", the hash "graph" (codec::GraphSummary). After an import into a graph that made
// ids of its own, the same object measures with the file's ids, so that the hashes can be compared.
#pragma once

#include <memory>

#include "datastore/stackgraph/graph_tool.h"
#include "datastore/stackgraph/gremlin/gremlin_options.h"

namespace holdfast::datastore::sg {

// Throws InvalidArgument for a URL or a traversal source that cannot be one. Connects to nothing.
// Of the calls: AccessDenied for a wrong login; Unavailable for a server that cannot be reached, or
// goes away (also in the middle of an import, which leaves a part); Failed for what the server
// cannot do, or answers wrongly; DeadlineExceeded when it takes too long.
std::unique_ptr<GraphTool> make_gremlin_tool(const GremlinOptions& options);

}  // namespace holdfast::datastore::sg
