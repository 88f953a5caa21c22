#include "datastore/stackgraph/gremlin/gremlin_tool.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "base/error.h"
#include "codec/graph_check.h"
#include "datastore/stackgraph/gremlin/connection.h"
#include "datastore/stackgraph/gremlin/read_graph.h"
#include "datastore/stackgraph/gremlin/scripts.h"
#include "datastore/stackgraph/gremlin/write_graph.h"
#include "datastore/stackgraph/zstd_sink.h"

namespace holdfast::datastore::sg {

namespace {

Measurement measurement_of(const codec::GraphSummary& summary) {
  const codec::GraphCounts& counts = summary.counts;
  Measurement out;
  out.counts = {{"vertices", counts.vertices},
                {"edges", counts.edges},
                {"vertex_properties", counts.vertex_properties},
                {"meta_properties", counts.meta_properties},
                {"edge_properties", counts.edge_properties}};
  out.hashes = {{"graph", summary.hash}};
  return out;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

void note_unknown(const codec::GraphSummary& summary, Progress& progress) {
  if (summary.unknown_type.empty()) return;
  progress.note(fmt::format("values of the type {} are not known here and were taken as they are",
                            summary.unknown_type));
}

class GremlinTool : public GraphTool {
 public:
  explicit GremlinTool(const GremlinOptions& options) : options_(options) {
    if (!options.url.starts_with("ws://") && !options.url.starts_with("wss://")) {
      throw InvalidArgument("graph", "the URL is neither ws:// nor wss://",
                            "give one such as ws://HOST:8182/gremlin");
    }
    if (!is_name(options.traversal)) {
      throw InvalidArgument("graph", "the traversal source's name is not a plain word");
    }
  }

  bool streams() const override { return true; }

  Measurement stream_graph(const Context& context, const fs::path&, const Sink& take,
                           Progress& progress) override {
    std::optional<ZstdSink> packed;
    if (options_.compress) packed.emplace(take);
    const GraphRead read = read_graph(
        context, options_, "export graph",
        [&](std::string_view lines) { packed ? packed->add(lines) : take(lines); }, {}, progress);
    if (packed) packed->finish();
    note_unknown(read.summary, progress);
    look_beside(context, read.largest_request);
    return measurement_of(read.summary);
  }

  std::optional<bool> is_empty(const Context& context) override {
    GremlinConnection connection(context, options_, "look into graph");
    return connection.number(context, kHasVertices) == 0;
  }

  void check_file(const Context& context, const fs::path& file) override {
    const std::string what = fmt::format("check graph file {}", file.filename().string());
    context.check(what);
    const Descriptor descriptor = open_for_reading(file);
    FileSource source({.descriptor = descriptor.get(), .offset = 0, .length = size_of_file(file)},
                      file.string());
    codec::check_graph_file(source, what);
    require_requests_fit(context, options_, what, file);
  }

  void import_graph(const Context& context, const fs::path& file, bool force,
                    Progress& progress) override {
    const std::string what = fmt::format("import graph from {}", file.filename().string());
    GremlinConnection connection(context, options_, what);
    if (connection.number(context, kHasVertices) > 0) {
      if (!force) {
        throw Refused(what, kNotEmpty, "give -force to have the data that is there deleted");
      }
      clear_graph(context, connection, progress);
    }
    imported_ids_.clear();
    for (auto& [original, made] :
         write_graph(context, connection, options_, what, file, progress)) {
      imported_ids_.emplace(made, original);
    }
  }

  void clear(const Context& context, Progress& progress) override {
    GremlinConnection connection(context, options_, "clear graph");
    clear_graph(context, connection, progress);
    imported_ids_.clear();
  }

  Measurement measure(const Context& context) override {
    SilentProgress progress;
    codec::GraphHash::OriginalId original_id;
    if (!imported_ids_.empty()) {
      original_id = [this](std::string_view id, std::string& original) {
        const auto found = imported_ids_.find(std::string(id));
        original = found == imported_ids_.end() ? std::string(id) : found->second;
      };
    }
    return measurement_of(
        read_graph(context, options_, "measure graph", {}, original_id, progress).summary);
  }

  std::vector<std::string> warnings() const override { return warnings_; }
  std::string schema() const override { return schema_; }

 private:
  // What a restore will want. That it cannot be told is no failure of the export.
  void look_beside(const Context& context, std::size_t largest_request) {
    warnings_.clear();
    schema_.clear();
    try {
      if (!takes_requests(context, options_, "export graph", largest_request)) {
        warnings_.push_back(fmt::format(
            "the graph's largest vertex or edge needs a request of {0} bytes, which its server "
            "does not take: a restore will want maxContentLength above {0}",
            largest_request));
      }
      GremlinConnection connection(context, options_, "look at the schema");
      schema_ = text_of(connection.only_result(context, kSchema));
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      warnings_.push_back("the graph's schema is not noted: " + error.to_string());
    }
  }

  // The one text in a list; no more of it than anybody reads.
  static std::string text_of(const std::string& result) {
    constexpr std::size_t kMost = std::size_t(32) << 10;
    codec::JsonScanner scanner(result, {.what = "look at the schema"});
    bool first = true;
    if (!scanner.pass(R"({"@type":"g:List","@value":)")) scanner.fail("a list is not a g:List");
    scanner.open('[', "a list is not an array");
    if (!scanner.next_element(first)) return "";
    const std::string text =
        codec::json_text(scanner.text("the schema is no text"), scanner.origin());
    return text.size() <= kMost ? text : text.substr(0, text.rfind('\n', kMost)) + "\n...";
  }

  std::vector<std::string> warnings_;
  std::string schema_;
  const GremlinOptions options_;
  GraphIds imported_ids_;  // the graph's to the file's; empty when they are the same
};

}  // namespace

std::unique_ptr<GraphTool> make_gremlin_tool(const GremlinOptions& options) {
  return std::make_unique<GremlinTool>(options);
}

}  // namespace holdfast::datastore::sg
