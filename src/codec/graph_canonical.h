// Values of a graph in one form for each meaning, to be hashed. Layout:
// docs/formats/stackgraph-graphson.md. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/graphson.h"

namespace holdfast::codec {

// Appends the canonical bytes of a value: equal for values that mean the same (however a number or
// a text is written, whatever the order of a map's entries or a set's items), different for all
// others, and no two sequences of values run into the same bytes. Numbers of another type differ;
// so do 0.0 and -0.0; all NaN are one. A BigDecimal counts by its value: 1.0 is 1.00. An unknown
// type counts by its name and its JSON, with members in any order. `json` is a span of a
// JsonScanner. Throws as read_graphson does, and Corrupt for a set or map that holds an item or a
// key twice. `unknown`, when empty, gets the name of the first unknown type.
void append_canonical(std::string_view json, const JsonOrigin& origin, std::string& unknown,
                      std::string& out);
// The same of a text, raw JSON without its quotes.
void append_canonical_text(std::string_view raw, const JsonOrigin& origin, std::string& out);
// A number of things that follow.
void append_canonical_count(std::uint64_t count, std::string& out);

// Canonical bytes of things that have no order.
class CanonicalPieces {
 public:
  // Begins a piece: append it to bytes(). With `end_key`, what it has by then must differ from that
  // of every other piece.
  void begin();
  void end_key();
  std::string& bytes() { return bytes_; }
  // What the last piece has so far.
  std::string_view last() const { return std::string_view(bytes_).substr(pieces_.back().begin); }
  // Appends their count and all of them, sorted. False when a key is there twice.
  bool append_to(std::string& out);
  void clear();

 private:
  struct Piece {
    std::size_t begin = 0, end = 0;
    std::size_t key = 0;  // bytes; 0: none
  };
  std::string_view bytes_of(const Piece& piece) const {
    return std::string_view(bytes_).substr(piece.begin, piece.end - piece.begin);
  }
  std::string_view key_of(const Piece& piece) const { return bytes_of(piece).substr(0, piece.key); }

  std::string bytes_;
  std::vector<Piece> pieces_;
};

}  // namespace holdfast::codec
