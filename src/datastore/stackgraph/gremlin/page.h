// Puts vertices together from the pages of kPages (scripts.h), with all that hangs on them. Pure;
// not thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "codec/graph_line.h"
#include "codec/json_scanner.h"

namespace holdfast::datastore::sg {

class PageReader {
 public:
  // Called with each vertex that is whole; what it is given is good until it returns.
  using Visit = std::function<void(const codec::GraphLine& line)>;

  // `what` is the subject of errors. A vertex of over `longest` bytes is Unsupported: its line
  // would have to be held in memory, here and by everybody who reads it.
  PageReader(std::string what, std::size_t longest, Visit visit);

  // The results of one frame: a GraphSON list of pages. Failed for anything else.
  void add(std::string_view results);
  // Failed when a vertex has not come to its end.
  void finish() const;

 private:
  enum class Part { kNone, kOut, kIn };  // of the vertex under way: what comes next

  void read_page(codec::JsonScanner& scanner);
  void read_vertex(codec::JsonScanner& scanner, bool& first);
  // The rest of the vertex that is in the page. Whether another one follows there.
  bool read_edges(codec::JsonScanner& scanner, bool& first);
  // The properties of an edge or of a property, kept as an object; empty when there are none.
  std::string_view read_members(codec::JsonScanner& scanner, bool& first);
  std::string_view keep(std::string_view bytes);
  // Copies what `results` holds of the vertex under way, whose views then point to the copy.
  void hold(std::string_view results);
  void drop();

  const std::string what_;
  const std::size_t longest_;
  const Visit visit_;
  codec::GraphLine line_;
  Part part_ = Part::kNone;
  const char* vertex_begin_ = nullptr;  // in the results that are read
  // Of the vertex under way: parts of the line that lie in results_ already, and its objects.
  std::size_t held_out_ = 0, held_in_ = 0, held_bytes_ = 0;
  bool head_is_held_ = false;
  std::deque<std::string> results_, objects_;
  std::string object_;
};

}  // namespace holdfast::datastore::sg
