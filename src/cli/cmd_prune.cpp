#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "cli/text.h"

namespace holdfast::cli {

namespace {

struct Arguments {
  std::string store;
  bool dry_run = false, direct = false;
};

int run(Program& program, const Arguments& arguments) {
  OpenStore store =
      program.open({store_named(arguments.store), arguments.direct, arguments.dry_run, {}});
  std::vector<job::PruneDecision> decisions =
      store.engine->prune(program.context(), arguments.dry_run);
  if (program.global().json()) {
    nlohmann::json json = nlohmann::json::array();
    for (const job::PruneDecision& decision : decisions) {
      json.push_back(
          {{"name", decision.name}, {"remove", decision.remove}, {"reason", decision.reason}});
    }
    std::printf("%s\n", json.dump(2).c_str());
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  const char* removed = arguments.dry_run ? "would remove" : "removed";
  for (const job::PruneDecision& decision : decisions) {
    rows.push_back({decision.remove ? removed : "kept", decision.name, decision.reason});
  }
  std::printf("%s", format_table(rows).c_str());
  return 0;
}

}  // namespace

Command make_prune_command(Program& program) {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "prune";
  command.summary = "apply retention";
  command.description =
      "victoria-metrics-0 and -1: removes dated copies beyond keepLastDaily and keepLastWeekly; "
      "never a version, never the newest copy.\n"
      "clickhouse: keeps the newest keep_remote backups, full and incremental, and all that they "
      "need; broken ones go after a day.\n"
      "elasticsearch: snapshots of its policy by snapshotRetentionExpireAfter, MinCount and "
      "MaxCount, as the cluster's own lifecycle management does; then what no snapshot needs.\n"
      "stackgraph, configuration: exports whose name tells a time before backupRetentionTimeDelta; "
      "never the "
      "newest good one, nor one without a time in its name.";
  command.examples = {"holdfast -c values.yaml prune victoria-metrics-0 --dry-run",
                      "holdfast -c values.yaml prune clickhouse"};
  command.options = {
      {"STORE", "whose backups", &arguments->store, true},
      {"--dry-run", "only say what would go and why", &arguments->dry_run},
      {"--direct", "straight to the configured storage, for when the gateway is down",
       &arguments->direct},
  };
  command.run = [&program, arguments] { return run(program, *arguments); };
  return command;
}

}  // namespace holdfast::cli
