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

  // `what` is the subject of errors. A vertex of over about `longest` bytes is Unsupported: its
  // line would have to be held in memory, here and by everybody who reads it.
  PageReader(std::string what, std::size_t longest, Visit visit);

  // The results of one frame: a GraphSON list of pages. Failed for anything else.
  void add(std::string_view results);
  // Failed when a vertex has not come to its end.
  void finish() const;

 private:
  enum class Part { kNone, kOut, kIn };  // of the vertex under way: what comes next
  class Page;

  void read_page(codec::JsonScanner& scanner);
  void read_vertex(Page& page);
  // The rest of the vertex that is in the page.
  void read_edges(Page& page);
  // Up to the end mark: the properties of an edge or of a property, kept as an object; empty when
  // there are none.
  std::string_view read_members(Page& page);
  // A value as GraphSON, a label or key as raw JSON text; kept.
  std::string_view value(Page& page);
  std::string_view name(Page& page);
  void append_value(Page& page, std::string& out);
  std::string_view keep(std::string_view bytes);
  void drop();

  const std::string what_;
  const std::size_t longest_;
  const Visit visit_;
  codec::GraphLine line_;
  Part part_ = Part::kNone;
  // What the views of line_ point to, which is more than one frame for a vertex of several pages.
  std::deque<std::string> kept_;
  std::size_t kept_bytes_ = 0;
  std::string object_, value_;
};

}  // namespace holdfast::datastore::sg
