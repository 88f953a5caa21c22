// What is run on the server: scripts in gremlin-groovy that need nothing but the traversal source
// `g`. They are compiled once by the server and kept there by their text, so all that changes comes
// in variables ("bindings") whose names begin with hf.
#pragma once

#include <string_view>

namespace holdfast::datastore::sg {

inline constexpr std::string_view kCountVertices = "g.V().count()";
inline constexpr std::string_view kCountEdges = "g.E().count()";
inline constexpr std::string_view kHasVertices = "g.V().limit(1).count()";

// The whole graph, or the part `hfPart` of `hfParts`, as pages of at least `hfSize` items (but the
// last), each a flat list. hfParts, hfPart, hfSize: numbers. How a page is laid out:
//   page     := (true vertex | false BOOL rest)*   false: a vertex goes on; BOOL: in its outE
//   vertex   := ID LABEL property* false outE
//   property := true KEY ID VALUE (true KEY VALUE)* false
//   outE     := edge* false inE                    a page may end before any edge or false
//   inE      := edge* false
//   rest     := outE or inE, as the BOOL says
//   edge     := true LABEL ID OTHER (true KEY VALUE)* false
extern const std::string_view kPages;

// 1 when the graph takes the vertex id hfId as its own, else 0.
extern const std::string_view kTakesIds;
// Makes the vertices of hfRows, a flat list: (ID LABEL property* false)* with
//   property := true KEY ID VALUE MANY (true KEY VALUE)* false
// where MANY says that the key has several values. hfKeep: whether with these ids; else the result
// is the list of their new ones, one result each.
extern const std::string_view kMakeVertices;
// Makes the edges of hfRows: (OUT LABEL IN ID (true KEY VALUE)* false)*. hfKeep as above.
extern const std::string_view kMakeEdges;
// Removes some vertices with their edges; the result is how many vertices there are still, 0 or 1.
inline constexpr std::string_view kDropSome =
    "g.V().limit(5000).drop().iterate(); g.V().limit(1).count().next()";

}  // namespace holdfast::datastore::sg
