#include "datastore/stackgraph/gremlin/read_graph.h"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <mutex>

#include "base/error.h"
#include "base/worker_pool.h"
#include "datastore/stackgraph/gremlin/connection.h"
#include "datastore/stackgraph/gremlin/page.h"
#include "datastore/stackgraph/gremlin/scripts.h"
#include "datastore/stackgraph/gremlin/write_graph.h"

namespace holdfast::datastore::sg {

namespace {

// Characters of a page.
constexpr unsigned kPageSize = 500'000;
constexpr std::size_t kLinesAtOnce = std::size_t(1) << 20;
constexpr std::size_t kLongestVertex = std::size_t(1) << 30;

struct Counts {
  std::uint64_t vertices = 0, edges = 0;
  bool operator==(const Counts&) const = default;
};

Counts count(const Context& context, const GremlinOptions& options, const std::string& what) {
  GremlinConnection connection(context, options, what);
  Counts counts;
  counts.vertices = connection.number(context, kCountVertices);
  counts.edges = connection.number(context, kCountEdges);
  return counts;
}

[[noreturn]] void fail_changed(const std::string& what, const std::string& why) {
  throw Failed(what, "the graph was changed meanwhile: " + why,
               "try again when nobody writes to the graph");
}

// What all streams have in common.
struct Shared {
  const GremlinOptions& options;
  const std::string& what;
  const GraphLinesSink& lines;
  Progress& progress;
  std::mutex mutex = {};  // of the sink and what follows
  std::size_t largest_request = 0;
};

void read_part(const Context& context, Shared& shared, unsigned part, codec::GraphHash& hash) {
  GremlinConnection connection(context, shared.options, shared.what);
  std::string lines;
  std::uint64_t vertices = 0;
  std::size_t largest_request = 0;
  const auto flush = [&] {
    std::lock_guard lock(shared.mutex);
    shared.largest_request = std::max(shared.largest_request, largest_request);
    if (shared.lines) shared.lines(lines);
    shared.progress.advance(lines.size(), vertices);
    lines.clear();
    vertices = 0;
  };
  const codec::JsonOrigin origin{.what = shared.what};
  PageReader reader(shared.what, kLongestVertex, [&](const codec::GraphLine& line) {
    hash.add(line, origin);
    ++vertices;
    largest_request = std::max(largest_request, largest_request_of(line));
    if (shared.lines) codec::append_graph_line(line, lines);
    if (lines.size() >= kLinesAtOnce) flush();
  });
  const std::string bindings = fmt::format(R"({{"hfParts":{},"hfPart":{},"hfSize":{}}})",
                                           shared.options.streams, part, kPageSize);
  connection.submit(context, kPages, bindings, 1, GremlinConnection::Length::kEndless);
  while (const std::optional<std::string_view> results = connection.next(context)) {
    reader.add(*results);
  }
  reader.finish();
  flush();
}

void check_same(const std::string& what, const Counts& before, const codec::GraphCounts& read,
                const Counts& after) {
  const auto shown = [](const Counts& counts) {
    return fmt::format("{} vertices and {} edges", counts.vertices, counts.edges);
  };
  if (before != after) {
    fail_changed(what,
                 fmt::format("it had {} before and {} afterwards", shown(before), shown(after)));
  }
  const Counts seen{.vertices = read.vertices, .edges = read.edges};
  if (before != seen) {
    fail_changed(what, fmt::format("it has {}, but {} came", shown(before), shown(seen)));
  }
}

}  // namespace

GraphRead read_graph(const Context& context, const GremlinOptions& options, const std::string& what,
                     const GraphLinesSink& lines, const codec::GraphHash::OriginalId& original_id,
                     Progress& progress) {
  if (options.streams == 0) throw InvalidArgument(what, "a graph is not read by 0 connections");
  const Counts before = count(context, options, what);
  progress.phase("read", 0, before.vertices);
  Shared shared{options, what, lines, progress};
  std::deque<codec::GraphHash> hashes;
  for (unsigned part = 0; part < options.streams; ++part) hashes.emplace_back(original_id);
  WorkerPool pool(context, options.streams);
  for (unsigned part = 0; part < options.streams; ++part) {
    pool.submit([&, part] { read_part(pool.context(), shared, part, hashes[part]); });
  }
  pool.finish();
  for (unsigned part = 1; part < options.streams; ++part) hashes[0].merge(hashes[part]);
  const codec::GraphSummary summary = hashes[0].finish();
  check_same(what, before, summary.counts, count(context, options, what));
  if (!hashes[0].is_whole()) fail_changed(what, hashes[0].why_not_whole());
  return {summary, shared.largest_request};
}

}  // namespace holdfast::datastore::sg
