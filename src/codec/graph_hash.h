// What a graph holds, as counts and one hash in canonical form: the same for every file and every
// server that holds the same graph. What exactly counts: docs/formats/stackgraph-graphson.md. Pure;
// not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "codec/digest.h"
#include "codec/graph_canonical.h"
#include "codec/graph_line.h"

namespace holdfast::codec {

struct GraphCounts {
  std::uint64_t vertices = 0;
  std::uint64_t edges = 0;
  std::uint64_t vertex_properties = 0;  // values
  std::uint64_t meta_properties = 0;
  std::uint64_t edge_properties = 0;

  bool operator==(const GraphCounts&) const = default;
};

struct GraphSummary {
  GraphCounts counts;
  // 64 hexadecimal digits over vertices (id, label, properties with meta-properties) and edges
  // (both ends, label, properties). Ids of edges and of properties do not count: nothing in a graph
  // refers to them, and many graphs give their own when it is imported.
  std::string hash;
  // 32 digits that tell whether the ids of edges and properties are the same too, of a graph with
  // the same hash. No cryptographic strength.
  std::string ids;
  // The first type that was not known, or empty: such values are compared and carried as they are,
  // but were written by a newer GraphSON or a graph of its own kind.
  std::string unknown_type;

  bool operator==(const GraphSummary&) const = default;
};

// A sum of digests modulo 2^256: of any order, and what is added can be taken from elsewhere.
struct DigestSum {
  std::array<std::uint64_t, 4> words{};

  void add(const DigestSum& other);
  bool operator==(const DigestSum&) const = default;
};

class GraphHash {
 public:
  // Gives the id that a vertex had in the graph that is compared with, for a graph that made its
  // own when it was imported: GraphSON in, GraphSON into `original`. Called for every vertex and
  // both ends of each edge.
  using OriginalId = std::function<void(std::string_view id, std::string& original)>;

  explicit GraphHash(OriginalId original_id = {});

  // A vertex with its properties, and one half of each of its edges: each edge comes twice, with
  // the lines of both its ends, in any order. Memory: that of the longest line. Throws as
  // read_graphson does; then the hash is spoilt.
  void add(const GraphLine& line, const JsonOrigin& origin);
  // What another one has been fed, which is left as it is: parts may be read side by side.
  void merge(const GraphHash& other);

  // Whether every edge came with both its ends, and the same from both.
  bool is_whole() const { return out_ == in_; }
  // What is wrong: "12 edges leave a vertex, but 11 come in at one"; empty when it is whole.
  std::string why_not_whole() const;
  // Edges: the halves that leave a vertex.
  GraphSummary finish() const;

 private:
  // Of hashes that bind an id to what has it.
  struct IdSum {
    std::uint64_t low = 0, high = 0;

    void add(const IdSum& other);
    bool operator==(const IdSum&) const = default;
  };
  // One end of all edges.
  struct Halves {
    std::uint64_t edges = 0, properties = 0;
    DigestSum content;
    IdSum ids;

    void add(const Halves& other);
    bool operator==(const Halves&) const = default;
  };

  void append_id(std::string_view id, const JsonOrigin& origin, std::string& out);
  std::uint64_t append_members(std::string_view object, const JsonOrigin& origin, std::string& out);
  // The id of what `element` holds the canonical bytes of, which are spoilt.
  static IdSum bound_id(std::string_view id, const JsonOrigin& origin, std::string& element);
  void add_properties(const GraphLine& line, const JsonOrigin& origin);
  // `out` and `in` are the ends' canonical ids.
  void digest_edge(std::string_view out, const GraphEdge& edge, std::string_view in,
                   const JsonOrigin& origin, Halves& into);

  OriginalId original_id_;
  GraphCounts counts_;  // of vertices and their properties; edges are counted in their halves
  DigestSum vertices_;
  IdSum property_ids_;
  Halves out_, in_;
  std::string unknown_;
  // Used again from call to call.
  Digest digest_{DigestAlgorithm::kSha256};
  GraphMembers members_;
  CanonicalPieces pieces_, member_pieces_;
  std::string vertex_id_, other_id_, element_, bound_, original_;
};

}  // namespace holdfast::codec
