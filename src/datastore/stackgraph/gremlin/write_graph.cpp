#include "datastore/stackgraph/gremlin/write_graph.h"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "codec/graph_check.h"
#include "codec/graph_line.h"
#include "datastore/stackgraph/gremlin/scripts.h"

namespace holdfast::datastore::sg {

namespace {

using codec::GraphLine;
using codec::JsonOrigin;

// A list of results, one JSON value each.
std::vector<std::string> items_of(std::string_view results, const std::string& what) {
  std::vector<std::string> items;
  codec::JsonScanner scanner(results, {.what = what});
  if (!scanner.pass(R"({"@type":"g:List","@value":)")) scanner.fail("a list is not a g:List");
  scanner.open('[', "a list is not an array");
  bool first = true;
  while (scanner.next_element(first)) items.emplace_back(scanner.skip());
  return items;
}

// Around one property in a row: true, false, commas, quotes, and as much for each property of it.
constexpr std::size_t kPropertyFrame = 64;

class Importer {
 public:
  Importer(const Context& context, GremlinConnection& connection, const GremlinOptions& options,
           const std::string& what, Progress& progress)
      : context_(context),
        connection_(connection),
        options_(options),
        what_(what),
        progress_(progress) {}

  void add_vertex(const GraphLine& line, const JsonOrigin& origin) {
    if (std::exchange(is_first_, false)) {
      keep_ =
          options_.keep_ids &&
          connection_.number(context_, kTakesIds, fmt::format(R"({{"hfId":{}}})", line.id)) == 1;
    }
    add(line.id);
    add_text(line.label);
    add_properties(line, origin);
    add("false");
    if (!has_room()) send_vertices();
    take_row();
    if (!keep_) waiting_.emplace_back(line.id);
    ++vertices_;
  }

  void add_edges(const GraphLine& line, const JsonOrigin& origin) {
    for (const codec::GraphEdge& edge : line.out) {
      add(id_of(line.id));
      add_text(edge.label);
      add(id_of(edge.other));
      add(edge.id);
      add_members(edge.properties, origin);
      if (!has_room()) send_edges();
      take_row();
      ++edges_;
    }
  }

  void send_vertices() {
    if (vertices_ == 0) return;
    std::vector<std::string> made;
    send(kMakeVertices, [&](std::string_view results) {
      for (std::string& one : items_of(results, what_)) made.push_back(std::move(one));
    });
    if (made.size() != waiting_.size()) {
      throw Failed(what_,
                   fmt::format("the server made {} of {} vertices", made.size(), waiting_.size()));
    }
    for (std::size_t i = 0; i < made.size(); ++i) {
      ids_.emplace(std::move(waiting_[i]), std::move(made[i]));
    }
    waiting_.clear();
    progress_.advance(0, std::exchange(vertices_, 0));
  }

  void send_edges() {
    if (edges_ == 0) return;
    send(kMakeEdges, [](std::string_view) {});
    progress_.advance(0, std::exchange(edges_, 0));
  }

  GraphIds take_ids() { return std::move(ids_); }

 private:
  void add(std::string_view json) {
    row_ += row_.empty() ? "" : ",";
    row_ += json;
  }
  void add_text(std::string_view raw) {
    row_ += row_.empty() ? "\"" : ",\"";
    row_ += raw;
    row_ += '"';
  }

  bool has_room() const {
    return rows_.empty() || rows_.size() + 1 + row_.size() <= options_.request_bytes;
  }
  void take_row() {
    rows_ += rows_.empty() ? "" : ",";
    rows_ += row_;
    row_.clear();
  }

  void add_properties(const GraphLine& line, const JsonOrigin& origin) {
    // Properties of one key stand together in a file.
    for (std::size_t i = 0; i < line.properties.size(); ++i) {
      const codec::GraphProperty& property = line.properties[i];
      const bool many =
          (i > 0 && line.properties[i - 1].key == property.key) ||
          (i + 1 < line.properties.size() && line.properties[i + 1].key == property.key);
      add("true");
      add_text(property.key);
      add(property.id);
      add(property.value);
      add(many ? "true" : "false");
      add_members(property.meta, origin);
    }
  }

  void add_members(std::string_view object, const JsonOrigin& origin) {
    if (!object.empty()) {
      codec::read_graph_members(object, origin, members_);
      for (const auto& [key, value] : members_) {
        add("true");
        add_text(key);
        add(value);
      }
    }
    add("false");
  }

  std::string_view id_of(std::string_view id) const {
    if (keep_) return id;
    const auto found = ids_.find(std::string(id));
    if (found == ids_.end()) {
      throw Corrupt(what_, fmt::format("an edge leads to the vertex {}, which is not there", id));
    }
    return found->second;
  }

  template <typename Take>
  void send(std::string_view script, const Take& take) {
    const std::size_t size = rows_.size();
    const std::string bindings =
        fmt::format(R"({{"hfRows":{{"@type":"g:List","@value":[{}]}},"hfKeep":{}}})", rows_, keep_);
    rows_.clear();
    try {
      connection_.submit(context_, script, bindings, 1000);
      while (const std::optional<std::string_view> results = connection_.next(context_)) {
        take(*results);
      }
    } catch (const Unavailable& error) {
      // A server ends the connection without a word when a request is too long for it.
      throw Unavailable(
          error.subject(), error.reason(),
          fmt::format("check the server, and that it takes requests of {} bytes (maxContentLength)",
                      size));
    }
  }

  const Context& context_;
  GremlinConnection& connection_;
  const GremlinOptions& options_;
  const std::string& what_;
  Progress& progress_;
  bool is_first_ = true, keep_ = true;
  std::string row_;   // of one vertex or edge
  std::string rows_;  // of the next request
  std::uint64_t vertices_ = 0, edges_ = 0;
  std::vector<std::string> waiting_;  // ids of the vertices in rows_, when they are not kept
  GraphIds ids_;
  codec::GraphMembers members_;
};

void read_file_with(const Context& context, const fs::path& file, const std::string& what,
                    const codec::GraphLineVisitor& visit) {
  const Descriptor descriptor = open_for_reading(file);
  FileSource source({.descriptor = descriptor.get(), .offset = 0, .length = size_of_file(file)},
                    file.string());
  codec::read_graph_file(source, what, [&](const GraphLine& line, const JsonOrigin& origin) {
    context.check(what);
    visit(line, origin);
  });
}

}  // namespace

void clear_graph(const Context& context, GremlinConnection& connection, Progress& progress) {
  progress.phase("clear", 0, 0);
  while (connection.number(context, kDropSome) > 0) progress.advance(0, 0);
}

// A row is never larger than what its vertex, or one edge, has in the file: names are shorter in
// it, and ids that the server makes may be longer.
std::size_t largest_request_of(const GraphLine& line) {
  constexpr std::size_t kMore = 1000;
  std::size_t vertex = line.id.size() + line.label.size();
  for (const codec::GraphProperty& property : line.properties) {
    vertex += property.key.size() + property.id.size() + property.value.size() +
              property.meta.size() + kPropertyFrame;
  }
  std::size_t edges = 0;
  for (const codec::GraphEdge& edge : line.out) {
    edges = std::max(edges, line.id.size() + edge.other.size() + edge.label.size() +
                                edge.id.size() + edge.properties.size());
  }
  return std::max(vertex, edges) + kMore;
}

bool takes_requests(const Context& context, const GremlinOptions& options, const std::string& what,
                    std::size_t bytes) {
  if (bytes <= options.request_bytes) return true;
  GremlinConnection connection(context, options, what);
  try {
    connection.number(context, "hfProbe.length() * 0",
                      fmt::format(R"({{"hfProbe":"{}"}})", std::string(bytes, 'x')));
    return true;
  } catch (const Unavailable&) {
    return false;
  }
}

void require_requests_fit(const Context& context, const GremlinOptions& options,
                          const std::string& what, const fs::path& file) {
  std::size_t longest = 0;
  read_file_with(context, file, what, [&](const GraphLine& line, const JsonOrigin&) {
    longest = std::max(longest, largest_request_of(line));
  });
  if (takes_requests(context, options, what, longest)) return;
  throw Failed(what,
               fmt::format("its largest vertex or edge needs a request of {} bytes, which the "
                           "server does not take",
                           longest),
               fmt::format("nothing is touched: set the server's maxContentLength above {}, and "
                           "start it again",
                           longest));
}

GraphIds write_graph(const Context& context, GremlinConnection& connection,
                     const GremlinOptions& options, const std::string& what, const fs::path& file,
                     Progress& progress) {
  Importer importer(context, connection, options, what, progress);
  progress.phase("import vertices", 0, 0);
  read_file_with(context, file, what, [&](const GraphLine& line, const JsonOrigin& origin) {
    importer.add_vertex(line, origin);
  });
  importer.send_vertices();
  progress.phase("import edges", 0, 0);
  read_file_with(context, file, what, [&](const GraphLine& line, const JsonOrigin& origin) {
    importer.add_edges(line, origin);
  });
  importer.send_edges();
  return importer.take_ids();
}

}  // namespace holdfast::datastore::sg
