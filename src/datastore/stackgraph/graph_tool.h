// One way to take a whole graph out into a file and to bring it back: a pair of commands, or the
// Gremlin client.
//
// Not thread-safe. What is imported is a file of ours on this machine's disk, so that it is checked
// to the last byte before the graph is touched; an export may go to the storage as it is made,
// where nobody sees it before it is whole.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/file.h"
#include "base/progress.h"
#include "datastore/datastore.h"

namespace holdfast::datastore::sg {

// How the Refused of a graph with data is told, and how the importer's own line ends, as
// documented.
inline constexpr const char* kNotEmpty = "Restore isn't possible in a non empty";

class GraphTool {
 public:
  virtual ~GraphTool() = default;
  // The bytes of an export, in their order; called by several threads, one at a time. What it
  // throws ends the export and goes through.
  using Sink = std::function<void(std::string_view bytes)>;
  // Whether it exports into a sink, with stream_graph(), or makes a file, with export_graph().
  virtual bool streams() const = 0;
  // As export_graph, into `take`. When it throws, what came is no export. `folder` is an empty one
  // of ours.
  virtual Measurement stream_graph(const Context& context, const fs::path& folder, const Sink& take,
                                   Progress& progress);
  // Makes `file`, whole when it returns; it does not exist before. Of a tool that streams this is
  // what stream_graph() gives. What is told was counted on the
  // way: of a command nothing, of a graph "vertices", "edges" and its other parts, and the hash
  // "graph". Failed when the graph changed meanwhile.
  virtual Measurement export_graph(const Context& context, const fs::path& file,
                                   Progress& progress);
  // Of the last export: what to know of a restore, a line each; and what the graph had beside its
  // data (indexes, schema), as its own words, empty where nothing is known.
  virtual std::vector<std::string> warnings() const { return {}; }
  virtual std::string schema() const { return ""; }
  // nullopt: only an import would tell.
  virtual std::optional<bool> is_empty(const Context& context) = 0;
  // Corrupt when the file cannot be what an export makes, Failed when the graph's server cannot
  // take some of it: thrown before the graph is touched.
  virtual void check_file(const Context& context, const fs::path& file) = 0;
  // Refused with kNotEmpty when there is data and not `force`; with it the data is replaced. Once
  // it has begun, a failure may leave a part.
  virtual void import_graph(const Context& context, const fs::path& file, bool force,
                            Progress& progress) = 0;
  // Removes everything that is in the graph. Unsupported by a command.
  virtual void clear(const Context& context, Progress& progress) = 0;
  // The live graph, as export_graph tells it. Unsupported where only a command knows it.
  virtual Measurement measure(const Context& context) = 0;
};

}  // namespace holdfast::datastore::sg
