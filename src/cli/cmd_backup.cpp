#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/program.h"
#include "cli/text.h"
#include "config/switches.h"

namespace holdfast::cli {

namespace {

struct Arguments {
  std::string store, wait = "0";
  bool full = false, copy = false, direct = false;
};

void print_json(const datastore::BackupOutcome& outcome, const std::string& store) {
  nlohmann::json json = {{"store", store},
                         {"name", outcome.name},
                         {"changed", outcome.changed},
                         {"bytes_sent", outcome.bytes_sent},
                         {"objects_sent", outcome.objects_sent},
                         {"bytes_reused", outcome.bytes_reused},
                         {"objects_reused", outcome.objects_reused},
                         {"objects_removed", outcome.objects_removed},
                         {"counts", outcome.measured.counts},
                         {"warnings", outcome.warnings}};
  std::printf("%s\n", json.dump(2).c_str());
}

void print_table(const datastore::BackupOutcome& outcome, const std::string& store) {
  for (const std::string& warning : outcome.warnings) {
    std::fprintf(stderr, "holdfast: warning: %s\n", warning.c_str());
  }
  std::string line =
      fmt::format("{} {}: {} in {} objects sent, {} in {} objects already there", store,
                  outcome.name, format_bytes(outcome.bytes_sent), outcome.objects_sent,
                  format_bytes(outcome.bytes_reused), outcome.objects_reused);
  if (!outcome.changed)
    line = fmt::format("{} {}: nothing changed, still complete", store, outcome.name);
  std::printf("%s\n", line.c_str());
}

int run(Program& program, const Arguments& arguments) {
  if (arguments.full && arguments.copy) {
    throw InvalidArgument("command line", "--full and --copy exclude each other");
  }
  config::Store named = store_named(arguments.store);
  config::require_backup(program.values(), named);
  OpenRequest open{named, arguments.direct, false, parse_duration(arguments.wait, "--wait")};
  OpenStore store = program.open(open);
  datastore::BackupRequest request;
  if (arguments.full) request.kind = datastore::BackupKind::kFull;
  if (arguments.copy) request.kind = datastore::BackupKind::kDatedCopy;
  datastore::BackupOutcome outcome =
      store.engine->backup(program.context(), request, program.progress());
  if (program.global().json()) {
    print_json(outcome, arguments.store);
  } else {
    print_table(outcome, arguments.store);
  }
  return 0;
}

}  // namespace

Command make_backup_command(Program& program) {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "backup";
  command.summary = "make one backup now";
  command.description =
      "Sends what changed since the last backup; a backup appears under its name only when it is "
      "complete.\n"
      "STORE: stackgraph, victoria-metrics-0, victoria-metrics-1, clickhouse, elasticsearch or "
      "configuration (the settings).";
  command.examples = {"holdfast -c values.yaml backup victoria-metrics-0",
                      "holdfast -c values.yaml backup stackgraph",
                      "holdfast -c values.yaml backup clickhouse --full --wait 2h",
                      "holdfast -c values.yaml backup victoria-metrics-0 --copy   # a dated copy, "
                      "made by the storage itself"};
  command.options = {
      {"STORE", "what to back up", &arguments->store, true},
      {"--full", "send everything: a new version, or a backup that needs no other",
       &arguments->full},
      {"--copy", "keep a dated copy of the current version", &arguments->copy},
      {"--wait", "how long to wait while another run holds the store (90s, 5m)", &arguments->wait},
      {"--direct", "straight to the configured storage, for when the gateway is down",
       &arguments->direct},
  };
  command.run = [&program, arguments] { return run(program, *arguments); };
  return command;
}

}  // namespace holdfast::cli
