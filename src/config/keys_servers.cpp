// holdfast.STORE.*: where the stores are.
#include <fmt/format.h>

#include "config/key.h"

namespace holdfast::config {

namespace {

std::string take_path(std::string_view text) {
  if (!text.starts_with('/')) throw BadValue{"not a path from the root"};
  return std::string(text);
}

std::string take_program(std::string_view text) {
  if (text.empty()) throw BadValue{"an empty name"};
  return std::string(text);
}

void add_rates(std::vector<Key>& keys, const std::string& path,
               const std::function<Rates&(Values&)>& rates) {
  keys.push_back(size(
      path + "maxBytesPerSecond",
      [rates](Values& values) -> auto& { return rates(values).max_bytes_per_second; }, "0",
      "the most that its transfers take together; 0: no limit"));
  keys.push_back(number(
      path + "concurrency", [rates](Values& values) -> auto& { return rates(values).concurrency; },
      8, 1, 256, "how many objects are moved at once"));
}

void add_victoria_metrics(std::vector<Key>& keys, std::size_t n, const std::string& address,
                          const std::string& data_path) {
  const std::string path = fmt::format("holdfast.victoria-metrics-{}.", n);
  keys.push_back(url(path + "url", HOLDFAST_AT(holdfast.victoria_metrics[n].url), address,
                     "the server's address"));
  keys.push_back(text(path + "dataPath", HOLDFAST_AT(holdfast.victoria_metrics[n].data_path),
                      data_path, "its -storageDataPath as seen here", "an absolute path",
                      take_path));
  keys.push_back(secret(path + "snapshotAuthKey",
                        HOLDFAST_AT(holdfast.victoria_metrics[n].snapshot_auth_key), "\"\"",
                        "its -snapshotAuthKey"));
  keys.push_back(text(path + "serverProgram",
                      HOLDFAST_AT(holdfast.victoria_metrics[n].server_program), "victoria-metrics",
                      "the server's program, which a drill starts", "a program's name or path",
                      take_program));
  add_rates(keys, path,
            [n](Values& values) -> Rates& { return values.holdfast.victoria_metrics[n]; });
}

void add_clickhouse(std::vector<Key>& keys) {
  const std::string path = "holdfast.clickhouse.";
  keys.push_back(url(path + "url", HOLDFAST_AT(holdfast.clickhouse.url), "http://127.0.0.1:8123",
                     "the server's HTTP address"));
  keys.push_back(text(path + "dataPath", HOLDFAST_AT(holdfast.clickhouse.data_path),
                      "/var/lib/clickhouse", "its data path as seen here", "an absolute path",
                      take_path));
  keys.push_back(
      text(path + "user", HOLDFAST_AT(holdfast.clickhouse.user), "default", "the user there"));
  keys.push_back(secret(path + "password", HOLDFAST_AT(holdfast.clickhouse.password), "\"\"",
                        "the user's password"));
  keys.push_back(number(path + "maxChainLength", HOLDFAST_AT(holdfast.clickhouse.max_chain_length),
                        30, 1, 10'000,
                        "an incremental backup beyond so many in a row becomes a full one"));
  add_rates(keys, path, [](Values& values) -> Rates& { return values.holdfast.clickhouse; });
}

void add_elasticsearch(std::vector<Key>& keys) {
  const std::string path = "holdfast.elasticsearch.";
  keys.push_back(url(path + "url", HOLDFAST_AT(holdfast.elasticsearch.url), "http://127.0.0.1:9200",
                     "the cluster's address"));
  keys.push_back(text(path + "user", HOLDFAST_AT(holdfast.elasticsearch.user), "\"\"",
                      "the user there; empty: without logging in"));
  keys.push_back(secret(path + "password", HOLDFAST_AT(holdfast.elasticsearch.password), "\"\"",
                        "the user's password"));
  keys.push_back(choice<RepositoryType>(path + "repositoryType",
                                        HOLDFAST_AT(holdfast.elasticsearch.repository_type), "s3",
                                        {{"s3", RepositoryType::kS3},
                                         {"fs", RepositoryType::kFolder},
                                         {"azure", RepositoryType::kAzure}},
                                        "the kind of the repository that is registered"));
  keys.push_back(text(path + "caFile", HOLDFAST_AT(holdfast.elasticsearch.ca_file), "\"\"",
                      "a file with the certificate authority of an https address; empty: the "
                      "system's"));
  keys.push_back(text(path + "accessKey", HOLDFAST_AT(holdfast.elasticsearch.access_key), "\"\"",
                      "the access key that the cluster calls the gateway with; empty: the pair of "
                      "holdfast.gateway.keys that is for its bucket, else the root pair"));
  keys.push_back(secret(path + "secretKey", HOLDFAST_AT(holdfast.elasticsearch.secret_key), "\"\"",
                        "the secret of accessKey"));
  keys.push_back(
      secrets(path + "repositorySettings", HOLDFAST_AT(holdfast.elasticsearch.repository_settings),
              "settings of the repository besides those that follow from the values, and "
              "in their place; an empty text leaves one out (access_key: \"\" where the "
              "cluster's keystore has the keys; location: of a repository of type fs)"));
  keys.push_back(choice<SnapshotMode>(
      path + "mode", HOLDFAST_AT(holdfast.elasticsearch.mode), "auto",
      {{"auto", SnapshotMode::kAuto}, {"own", SnapshotMode::kOwn}, {"slm", SnapshotMode::kSlm}},
      "who takes the snapshots: holdfast, the cluster's lifecycle management, or whichever is "
      "there"));
  keys.push_back(
      cron(path + "retentionSchedule", HOLDFAST_AT(holdfast.elasticsearch.retention_schedule),
           CronDialect::kElasticsearch, "0 30 1 * * ?", "when old snapshots are removed, UTC"));
  add_rates(keys, path, [](Values& values) -> Rates& { return values.holdfast.elasticsearch; });
}

// What StackGraph and the settings have in common; `commands` finds their part of Values.
struct CommandDefaults {
  std::string path, what, export_command, import_command, import_doc, pipe_doc;
};
void add_commands(std::vector<Key>& keys, const CommandDefaults& of,
                  const std::function<ExportCommands&(Values&)>& commands) {
  const auto at = [&commands](auto member) {
    return [commands, member](Values& values) -> auto& { return commands(values).*member; };
  };
  keys.push_back(words(of.path + "exportCommand", at(&ExportCommands::export_command),
                       of.export_command,
                       "writes " + of.what + " to {file}" + of.pipe_doc + "; run without a shell"));
  keys.push_back(words(of.path + "importCommand", at(&ExportCommands::import_command),
                       of.import_command, of.import_doc));
  keys.push_back(secrets(of.path + "environment", at(&ExportCommands::environment),
                         "variables of both commands, besides those of holdfast"));
  keys.push_back(text(of.path + "workingFolder", at(&ExportCommands::working_folder), "\"\"",
                      "the folder that both commands work in; empty: the file's own"));
  keys.push_back(duration(of.path + "timeLimit", at(&ExportCommands::time_limit), "6h",
                          "a command that is not done by then is ended, and has failed"));
  keys.push_back(text(of.path + "temporaryFolder", at(&ExportCommands::temporary_folder), "\"\"",
                      "the folder for one export, until it is in the bucket or restored; empty: "
                      "the system's (TMPDIR, /tmp)"));
  add_rates(keys, of.path, [commands](Values& values) -> Rates& { return commands(values); });
}

void add_stackgraph(std::vector<Key>& keys) {
  const std::string path = "holdfast.stackgraph.";
  keys.push_back(choice<StackGraphDriver>(
      path + "driver", HOLDFAST_AT(holdfast.stackgraph.driver), "command",
      {{"command", StackGraphDriver::kCommand}, {"gremlin", StackGraphDriver::kGremlin}},
      "a pair of commands, or the built-in Gremlin client"));
  add_commands(keys,
               {path, "the graph", "[stackstate-server, -export, \"{file}\"]",
                "[stackstate-server, -import, \"{file}\", \"{force}\"]",
                "reads it from {file}; {force} becomes -force or goes away",
                ", or into the named pipe {pipe} (then no file is needed)"},
               [](Values& values) -> ExportCommands& { return values.holdfast.stackgraph; });
  keys.push_back(
      words(path + "stackPacksCommand", HOLDFAST_AT(holdfast.stackgraph.stack_packs_command), "[]",
            "writes a zip of the StackPacks to {file}, after the export, such as "
            "[stack-packs-backup, -create, \"{file}\", -remote, URL]; empty: they are not "
            "backed up"));
  keys.push_back(url(path + "url", HOLDFAST_AT(holdfast.stackgraph.url),
                     "ws://127.0.0.1:8182/gremlin", "the Gremlin server's address", {"ws", "wss"}));
  keys.push_back(text(path + "user", HOLDFAST_AT(holdfast.stackgraph.user), "\"\"",
                      "the user there; empty: without logging in"));
  keys.push_back(secret(path + "password", HOLDFAST_AT(holdfast.stackgraph.password), "\"\"",
                        "the user's password"));
  keys.push_back(text(path + "caFile", HOLDFAST_AT(holdfast.stackgraph.ca_file), "\"\"",
                      "a file with the certificate authority of a wss address; empty: the "
                      "system's"));
  keys.push_back(text(path + "traversalSource", HOLDFAST_AT(holdfast.stackgraph.traversal_source),
                      "g", "the name of the graph's traversal source on that server"));
  keys.push_back(number(path + "streams", HOLDFAST_AT(holdfast.stackgraph.streams), 2, 1, 16,
                        "connections over which a graph is read at once"));
  keys.push_back(duration(path + "answerTimeout", HOLDFAST_AT(holdfast.stackgraph.answer_timeout),
                          "10m", "from a request, or a part of its answer, to the next part"));
  keys.push_back(duration(path + "idleTimeout", HOLDFAST_AT(holdfast.stackgraph.idle_timeout),
                          "60s", "a server that sends nothing for so long is given up"));
  keys.push_back(choice<GraphCompression>(
      path + "compression", HOLDFAST_AT(holdfast.stackgraph.compression), "none",
      {{"none", GraphCompression::kNone}, {"zstd", GraphCompression::kZstd}},
      "of what driver gremlin exports; TinkerPop's own reader takes plain files only"));
  keys.push_back(
      text(path + "drillUrl", HOLDFAST_AT(holdfast.stackgraph.drill_url), "\"\"",
           "the Gremlin server of an empty graph that drills import into and clear again; "
           "empty: no drills"));
}

void add_configuration(std::vector<Key>& keys) {
  const std::string path = "holdfast.configuration.";
  add_commands(keys,
               {path, "the settings", "[settings-backup, -create, \"{file}\"]",
                "[settings-backup, -restore, \"{file}\"]",
                "reads them from {file}, in the place of those that are there"},
               [](Values& values) -> ExportCommands& { return values.holdfast.configuration; });
  keys.push_back(
      text(path + "localFolder", HOLDFAST_AT(holdfast.configuration.local_folder), "\"\"",
           "a folder that keeps the newest backup.configuration.maxLocalFiles exports as "
           "well; empty: none"));
}

}  // namespace

void add_server_keys(std::vector<Key>& keys) {
  add_victoria_metrics(keys, 0, "http://127.0.0.1:8428", "/storage");
  // Two instances on one machine share neither a port nor a disk; in pods both are /storage and
  // 8428.
  add_victoria_metrics(keys, 1, "http://127.0.0.1:8429", "/storage-1");
  add_clickhouse(keys);
  add_elasticsearch(keys);
  add_stackgraph(keys);
  add_configuration(keys);
}

}  // namespace holdfast::config
