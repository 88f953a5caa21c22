#include "app/stackgraph_options.h"

namespace holdfast::app {

namespace {

// Where the graph's machine and its CronJob have their own, it is the process's.
Zone zone_of(const config::Values& values) {
  const std::string& name = values.holdfast.run.time_zone;
  return name == "local" ? Zone::local() : Zone::named(name);
}

datastore::StackGraphOptions options_of(const config::Values& values, const config::Exports& chart,
                                        const config::ExportCommands& server) {
  datastore::StackGraphOptions options;
  options.bucket = chart.bucket_name;
  options.prefix = chart.prefix;
  options.names = {chart.name_template, chart.name_parse_regexp, chart.datetime_parse_format};
  options.zone = zone_of(values);
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

datastore::sg::GremlinOptions gremlin_options(const config::StackGraphServer& server,
                                              const std::string& url) {
  datastore::sg::GremlinOptions options;
  options.url = url;
  options.user = server.user;
  options.password = server.password;
  options.ca_file = server.ca_file;
  options.traversal = server.traversal_source;
  options.streams = unsigned(server.streams);
  options.answer_timeout = server.answer_timeout;
  options.idle_timeout = server.idle_timeout;
  options.compress = server.compression == config::GraphCompression::kZstd;
  return options;
}

job::NamedRetention retention_of(const config::Values& values, const config::Exports& chart) {
  return {.time_delta = chart.retention_time_delta,
          .date_format = chart.datetime_parse_format,
          .zone = zone_of(values)};
}

}  // namespace

datastore::StackGraphOptions stackgraph_options(const config::Values& values) {
  const config::StackGraphServer& server = values.holdfast.stackgraph;
  datastore::StackGraphOptions options = options_of(values, values.stackgraph, server);
  options.split_bytes = values.stackgraph.split_archive_bytes;
  options.stack_packs_command = server.stack_packs_command;
  if (server.driver == config::StackGraphDriver::kGremlin) {
    options.gremlin = gremlin_options(server, server.url);
    if (!server.drill_url.empty()) {
      options.drill_gremlin = gremlin_options(server, server.drill_url);
    }
  }
  return options;
}

datastore::StackGraphOptions configuration_options(const config::Values& values) {
  const config::ConfigurationServer& server = values.holdfast.configuration;
  datastore::StackGraphOptions options = options_of(values, values.configuration, server);
  options.store = "configuration";
  options.always_replaces = true;
  options.local_folder = server.local_folder;
  options.most_local = values.configuration.max_local_files;
  options.commands.what = "the settings";
  options.commands.required_line = "_version:";
  options.commands.most_bytes = values.configuration.max_yaml_bytes;
  return options;
}

job::NamedRetention stackgraph_retention(const config::Values& values) {
  return retention_of(values, values.stackgraph);
}

job::NamedRetention configuration_retention(const config::Values& values) {
  return retention_of(values, values.configuration);
}

}  // namespace holdfast::app
