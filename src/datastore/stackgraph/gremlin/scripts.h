// What is run on the server: scripts in gremlin-groovy that need nothing but the traversal source
// `g`. They are compiled once by the server and kept there by their text, so all that changes comes
// in variables ("bindings") whose names begin with hf.
#pragma once

#include <string_view>

namespace holdfast::datastore::sg {

inline constexpr std::string_view kCountVertices = "g.V().count()";
inline constexpr std::string_view kCountEdges = "g.E().count()";
inline constexpr std::string_view kHasVertices = "g.V().limit(1).count()";

// The whole graph, or the part `hfPart` of `hfParts`, as pages of about `hfSize` characters.
// hfParts, hfPart, hfSize: numbers. A page is a list: a text, and the values that the text has no
// form for (VALUE is then only `o`), in their order. What the text is made of:
//   page     := (vertex | rest)*
//   vertex   := v VALUE(id) VALUE(label) property* . outE
//   property := p VALUE(key) VALUE(id) VALUE (m VALUE(key) VALUE)* .
//   outE     := edge* . inE                        a page may end before any edge or dot of edges
//   inE      := edge* .
//   rest     := x outE | y inE                     the vertex of the page before goes on
//   edge     := e VALUE(label) VALUE(id) VALUE(other end) (m VALUE(key) VALUE)* .
//   VALUE    := i INT32` | l INT64` | d DOUBLE` | u UUID` | s TEXT` | t | f | o
// TEXT holds nothing that JSON writes with a backslash, no backtick, and no surrogates.
extern const std::string_view kPages;

// What the graph must have beside its data, as a text for people; empty where it has no way to
// tell: JanusGraph's schema, TinkerGraph's indexed keys.
extern const std::string_view kSchema;
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
