#include "datastore/stackgraph/graph_tool.h"

#include "base/error.h"

namespace holdfast::datastore::sg {

Measurement GraphTool::stream_graph(const Context&, const fs::path&, const Sink&, Progress&) {
  throw Unsupported("export the graph", "it is exported into a file only");
}

Measurement GraphTool::export_graph(const Context& context, const fs::path& file,
                                    Progress& progress) {
  const Descriptor descriptor = create_file(file, 0600);
  try {
    const Measurement measured = stream_graph(
        context, file.parent_path(),
        [&](std::string_view bytes) { write_all(descriptor.get(), bytes, file); }, progress);
    sync_file(descriptor.get(), file);
    return measured;
  } catch (...) {
    remove_file_if_there(file);
    throw;
  }
}

}  // namespace holdfast::datastore::sg
