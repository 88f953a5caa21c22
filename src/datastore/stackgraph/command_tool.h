// The graph by a pair of commands: stackstate-server -export FILE, -import FILE [-force], or any
// that do the same; the settings by settings-backup -create FILE, -restore FILE.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/secret.h"
#include "datastore/stackgraph/graph_tool.h"

namespace holdfast::datastore::sg {

struct CommandOptions {
  std::string what = "StackGraph's data";  // for people
  // {file} is replaced by the path, {force} by -force, or left out with the whole argument. {pipe}
  // in place of {file}, of an export: the path of a named pipe.
  std::vector<std::string> export_command, import_command;
  std::map<std::string, Secret> environment;    // added to this process's
  fs::path folder;                              // the commands work there; empty: in the file's own
  Duration time_limit = std::chrono::hours(6);  // of one command
  // Every export must have a line that begins so, after blanks; empty: anything goes. And no more
  // bytes than that; 0: any number.
  std::string required_line;
  std::uint64_t most_bytes = 0;
};

// Besides what GraphTool says: a command that ends with another status than 0 has failed, whatever
// it has written, and the last line that it printed is told; so is one that prints the documented
// error and ends with 0. What it prints goes to the log, line by line.
// InvalidArgument for a {pipe} that cannot be served.
std::unique_ptr<GraphTool> make_command_tool(const CommandOptions& options);

// Runs the export command alone, as export_graph() does: for what lies beside a graph.
void run_export_command(const Context& context, const CommandOptions& options,
                        const fs::path& file);

}  // namespace holdfast::datastore::sg
