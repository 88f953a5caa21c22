// One way to take a whole graph out into a file and to bring it back: a pair of commands, or the
// Gremlin client.
//
// Not thread-safe. Everything is told to work on a file of ours on this machine's disk: so that it
// is checked to the last byte before anybody sees it, in the bucket or in the graph.
#pragma once

#include <memory>
#include <optional>

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
  // Makes `file`, whole when it returns; it does not exist before. What is told was counted on the
  // way: of a command nothing, of a graph "vertices", "edges" and its other parts, and the hash
  // "graph". Failed when the graph changed meanwhile.
  virtual Measurement export_graph(const Context& context, const fs::path& file,
                                   Progress& progress) = 0;
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
