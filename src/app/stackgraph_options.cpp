#include "app/stackgraph_options.h"

#include "base/error.h"

namespace holdfast::app {

namespace {

// Where the graph's machine and its CronJob have their own, it is the process's.
Zone zone_of(const config::Values& values) {
  const std::string& name = values.holdfast.run.time_zone;
  return name == "local" ? Zone::local() : Zone::named(name);
}

}  // namespace

datastore::StackGraphOptions stackgraph_options(const config::Values& values) {
  const config::StackGraph& chart = values.stackgraph;
  const config::StackGraphServer& server = values.holdfast.stackgraph;
  if (server.driver != config::StackGraphDriver::kCommand) {
    throw InvalidArgument("holdfast.stackgraph.driver", "this version has no Gremlin client yet",
                          "set it to command");
  }
  datastore::StackGraphOptions options;
  options.bucket = chart.bucket_name;
  options.prefix = chart.prefix;
  options.names = {chart.name_template, chart.name_parse_regexp, chart.datetime_parse_format};
  options.zone = zone_of(values);
  options.split_bytes = chart.split_archive_bytes;
  options.temporary_folder = server.temporary_folder;
  options.commands.export_command = server.export_command;
  options.commands.import_command = server.import_command;
  options.commands.environment = server.environment;
  options.commands.folder = server.working_folder;
  options.commands.time_limit = server.time_limit;
  options.transfer.max_bytes_per_second = server.max_bytes_per_second;
  if (server.concurrency > 0) options.transfer.threads = unsigned(server.concurrency);
  return options;
}

job::NamedRetention export_retention(const config::Values& values) {
  return {.time_delta = values.stackgraph.retention_time_delta,
          .date_format = values.stackgraph.datetime_parse_format,
          .zone = zone_of(values)};
}

}  // namespace holdfast::app
