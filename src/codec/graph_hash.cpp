#include "codec/graph_hash.h"

#include <fmt/format.h>

#include "codec/city_hash.h"
#include "codec/text.h"

namespace holdfast::codec {

namespace {

// Changed whenever another hash would come out for the same graph.
constexpr std::string_view kVersion = "holdfast graph 1";
constexpr char kVertex = 'V', kEdge = 'E';

void append_word(std::uint64_t word, std::string& out) {
  for (int i = 0; i < 8; ++i) out += char(word >> (8 * i));
}

DigestSum words_of(std::string_view digest) {
  DigestSum sum;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    sum.words[i / 8] |= std::uint64_t(std::uint8_t(digest[i])) << (8 * (i % 8));
  }
  return sum;
}

}  // namespace

void DigestSum::add(const DigestSum& other) {
  unsigned carry = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t partial = words[i] + carry;
    carry = partial < carry ? 1 : 0;
    words[i] = partial + other.words[i];
    carry += words[i] < partial ? 1 : 0;
  }
}

GraphHash::GraphHash(OriginalId original_id) : original_id_(std::move(original_id)) {}

void GraphHash::append_id(std::string_view id, const JsonOrigin& origin, std::string& out) {
  if (!original_id_) {
    append_canonical(id, origin, unknown_, out);
    return;
  }
  original_.clear();
  original_id_(id, original_);
  append_canonical(original_, {origin.what, origin.line, {}}, unknown_, out);
}

std::uint64_t GraphHash::append_members(std::string_view object, const JsonOrigin& origin,
                                        std::string& out) {
  read_graph_members(object, origin, members_);
  member_pieces_.clear();
  for (const auto& [name, value] : members_) {
    member_pieces_.begin();
    append_canonical_text(name, origin, member_pieces_.bytes());
    append_canonical(value, origin, unknown_, member_pieces_.bytes());
  }
  member_pieces_.append_to(out);
  return members_.size();
}

GraphHash::IdSum GraphHash::bound_id(std::string_view id, const JsonOrigin& origin,
                                     std::string& element) {
  // Graphs have types of their own for such ids, which nobody needs to know.
  std::string unknown;
  append_canonical(id, origin, unknown, element);
  const Hash128 hash = city_hash128(element);
  return {hash.low, hash.high};
}

void GraphHash::add_properties(const GraphLine& line, const JsonOrigin& origin) {
  element_ = kVertex;
  element_ += vertex_id_;
  append_canonical_text(line.label, origin, element_);
  pieces_.clear();
  for (const GraphProperty& property : line.properties) {
    pieces_.begin();
    append_canonical_text(property.key, origin, pieces_.bytes());
    append_canonical(property.value, origin, unknown_, pieces_.bytes());
    counts_.meta_properties += append_members(property.meta, origin, pieces_.bytes());
    bound_ = vertex_id_;
    bound_ += pieces_.last();
    property_ids_.add(bound_id(property.id, origin, bound_));
  }
  pieces_.append_to(element_);
  digest_.update(element_);
  vertices_.add(words_of(digest_.finish()));
  ++counts_.vertices;
  counts_.vertex_properties += line.properties.size();
}

void GraphHash::digest_edge(std::string_view out, const GraphEdge& edge, std::string_view in,
                            const JsonOrigin& origin, Halves& into) {
  element_ = kEdge;
  element_ += out;
  append_canonical_text(edge.label, origin, element_);
  element_ += in;
  into.properties += append_members(edge.properties, origin, element_);
  ++into.edges;
  digest_.update(element_);
  element_ = digest_.finish();
  into.content.add(words_of(element_));
  into.ids.add(bound_id(edge.id, origin, element_));
}

void GraphHash::add(const GraphLine& line, const JsonOrigin& origin) {
  vertex_id_.clear();
  append_id(line.id, origin, vertex_id_);
  add_properties(line, origin);
  for (const GraphEdge& edge : line.out) {
    other_id_.clear();
    append_id(edge.other, origin, other_id_);
    digest_edge(vertex_id_, edge, other_id_, origin, out_);
  }
  for (const GraphEdge& edge : line.in) {
    other_id_.clear();
    append_id(edge.other, origin, other_id_);
    digest_edge(other_id_, edge, vertex_id_, origin, in_);
  }
}

void GraphHash::Halves::add(const Halves& other) {
  edges += other.edges;
  properties += other.properties;
  content.add(other.content);
  ids.add(other.ids);
}

void GraphHash::IdSum::add(const IdSum& other) {
  low += other.low;
  high += other.high;
}

void GraphHash::merge(const GraphHash& other) {
  counts_.vertices += other.counts_.vertices;
  counts_.vertex_properties += other.counts_.vertex_properties;
  counts_.meta_properties += other.counts_.meta_properties;
  vertices_.add(other.vertices_);
  property_ids_.add(other.property_ids_);
  out_.add(other.out_);
  in_.add(other.in_);
  if (unknown_.empty()) unknown_ = other.unknown_;
}

std::string GraphHash::why_not_whole() const {
  if (out_ == in_) return "";
  if (out_.edges != in_.edges) {
    return fmt::format("{} edges leave a vertex, but {} come in at one", out_.edges, in_.edges);
  }
  return "an edge is not the same at both its ends";
}

GraphSummary GraphHash::finish() const {
  GraphSummary summary;
  summary.counts = counts_;
  summary.counts.edges = out_.edges;
  summary.counts.edge_properties = out_.properties;
  std::string all(kVersion);
  for (std::uint64_t count : {counts_.vertices, out_.edges, counts_.vertex_properties,
                              counts_.meta_properties, out_.properties}) {
    append_word(count, all);
  }
  for (std::uint64_t word : vertices_.words) append_word(word, all);
  for (std::uint64_t word : out_.content.words) append_word(word, all);
  summary.hash = to_hex(digest_of(DigestAlgorithm::kSha256, all));
  IdSum ids = property_ids_;
  ids.add(out_.ids);
  summary.ids = fmt::format("{:016x}{:016x}", ids.high, ids.low);
  summary.unknown_type = unknown_;
  return summary;
}

}  // namespace holdfast::codec
