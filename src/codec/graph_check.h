// Reads a whole graph file and says what is in it, before anybody imports it. Pure but for its
// Source.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/stream.h"
#include "codec/graph_hash.h"

namespace holdfast::codec {

struct GraphFileLimits {
  // One vertex with all its edges. It is held in memory, with its spans: up to five times this.
  std::size_t longest_line = std::size_t(1) << 30;
  // How many ids of vertices are held to know them again, 32 bytes each; a power of two.
  std::size_t seen_ids = std::size_t(1) << 19;
};

// Called for each line, with its bytes still in `line`'s views.
using GraphLineVisitor = std::function<void(const GraphLine& line, const JsonOrigin& origin)>;

// Every line of a file, plain or compressed with zstd (known by its first bytes), in its order.
// `what` is the subject of errors: "read graph file x". Corrupt for a file that is cut short (a
// line without its end, a compressed frame without its end) or damaged, with line and column;
// Unsupported for a line beyond the limit, for GraphML, Gryo and gzip, and as read_graph_line says.
// An empty file has no lines.
void read_graph_file(Source& source, const std::string& what, const GraphLineVisitor& visit,
                     const GraphFileLimits& limits = {});

// All of that, every value read, and every edge found with both its ends: Corrupt when not. Two
// lines with the same vertex are Corrupt too; among more vertices than `seen_ids` a single such
// pair may go unseen (a graph refuses it), a file that holds a larger part of itself twice does
// not. A file that lost whole lines without edges is as good as any; only the hash recorded with it
// tells.
GraphSummary check_graph_file(Source& source, const std::string& what,
                              const GraphFileLimits& limits = {});

}  // namespace holdfast::codec
