// Brings a graph file into a graph on a Gremlin server.
#pragma once

#include <string>
#include <unordered_map>

#include "base/context.h"
#include "base/file.h"
#include "base/progress.h"
#include "codec/graph_line.h"
#include "datastore/stackgraph/gremlin/connection.h"
#include "datastore/stackgraph/gremlin/gremlin_options.h"

namespace holdfast::datastore::sg {

// Vertex ids as GraphSON: what the graph made of the file's; empty when it kept them.
using GraphIds = std::unordered_map<std::string, std::string>;

// Removes every vertex and edge.
void clear_graph(const Context& context, GremlinConnection& connection, Progress& progress);

// How many bytes a request of an import needs at most for one vertex, or for one of its edges.
std::size_t largest_request_of(const codec::GraphLine& line);
// Whether the server takes a request of so many bytes. Throws as GremlinConnection does else.
bool takes_requests(const Context& context, const GremlinOptions& options, const std::string& what,
                    std::size_t bytes);

// Before anything is touched: Failed, naming the size, when one vertex or edge of the file needs a
// request that the server does not take. Reads the whole file.
void require_requests_fit(const Context& context, const GremlinOptions& options,
                          const std::string& what, const fs::path& file);

// All of `file` into the graph, which is empty: first the vertices, then, by a second reading, the
// edges. A key with several values gets the cardinality `list`; Failed when the graph cannot hold
// that, or any other value. Ids of vertices are kept where the graph takes them, else mapped: then
// about 150 bytes of memory a vertex. Corrupt for a file that is damaged.
GraphIds write_graph(const Context& context, GremlinConnection& connection,
                     const GremlinOptions& options, const std::string& what, const fs::path& file,
                     Progress& progress);

}  // namespace holdfast::datastore::sg
