// One line of a graph file: a vertex with all that hangs on it, as GraphSON 3 adjacency lists have
// it. Format: docs/formats/stackgraph-graphson.md. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/json_scanner.h"

namespace holdfast::codec {

// All views are pieces of the line (or of what the writer's caller keeps alive): keys and labels
// raw JSON texts without their quotes, the others JSON as it stands.
struct GraphEdge {
  std::string_view label;
  std::string_view id;
  std::string_view other;       // the vertex at the other end: inV of outE, outV of inE
  std::string_view properties;  // an object {"KEY":VALUE,...}; empty when there are none
};

// One value of a vertex property; a key with several values has several of these.
struct GraphProperty {
  std::string_view key;
  std::string_view id;
  std::string_view value;
  std::string_view meta;  // its own properties, as GraphEdge::properties
};

struct GraphLine {
  std::string_view id;
  std::string_view label;
  std::vector<GraphEdge> out, in;  // in the order of the line: one label after the other
  std::vector<GraphProperty> properties;

  void clear();
};

// Reads `line` (without its line end) into `into`, whose storage is used again. All of it is
// well-formed JSON then, with every member in its place and none twice; the values' types are
// checked by who reads them (codec/graphson.h). Corrupt else; Unsupported for what a newer GraphSON
// would hold (a label that is no text, members that are not known) and for a whole graph in one
// object. `origin` names the line.
void read_graph_line(std::string_view line, const JsonOrigin& origin, GraphLine& into);

// The members of an object such as GraphEdge::properties, raw name and value. Corrupt for a name
// that is there twice. `into` is emptied first.
using GraphMembers = std::vector<std::pair<std::string_view, std::string_view>>;
void read_graph_members(std::string_view object, const JsonOrigin& origin, GraphMembers& into);

// Appends the line with its line end, as TinkerPop's own writer has it: edges of one label and
// properties of one key together (in the order of their first), members without content left out.
void append_graph_line(const GraphLine& line, std::string& out);

}  // namespace holdfast::codec
