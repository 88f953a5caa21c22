#include <cstdio>
#include <fmt/format.h>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unistd.h>

#include "base/error.h"
#include "cli/program.h"
#include "cli/text.h"
#include "config/switches.h"

namespace holdfast::cli {

namespace {

// No index can be called so.
constexpr const char* kConfigured = "<configured>";

struct Arguments {
  std::string store, name, wait = "0";
  bool yes = false, dry_run = false, in_place = false, direct = false, override_disabled = false;
  std::vector<std::string> tables, partitions;
  std::string as_database;
  bool schema_only = false, data_only = false;
  std::string indices = kConfigured;
  bool force = false, no_safety_backup = false;
};

// "a,b, c"
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, ',');) {
    word.erase(0, word.find_first_not_of(' '));
    word.erase(word.find_last_not_of(' ') + 1);
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

datastore::PlanRequest plan_request(const Arguments& arguments) {
  if (arguments.schema_only && arguments.data_only) {
    throw InvalidArgument("command line", "--schema-only and --data-only exclude each other");
  }
  datastore::PlanRequest request;
  request.name = arguments.name;
  request.mode =
      arguments.in_place ? datastore::RestoreMode::kInPlace : datastore::RestoreMode::kStaged;
  request.tables = arguments.tables;
  request.partitions = arguments.partitions;
  request.as_database = arguments.as_database;
  request.schema_only = arguments.schema_only;
  request.data_only = arguments.data_only;
  request.force = arguments.force;
  request.safety_backup = !arguments.no_safety_backup;
  if (arguments.indices != kConfigured) request.indices = words_of(arguments.indices);
  return request;
}

void print_json(const Arguments& arguments, const datastore::RestoreOutcome& outcome) {
  nlohmann::json result = {{"store", arguments.store},
                           {"name", arguments.name},
                           {"bytes_fetched", outcome.bytes_fetched},
                           {"objects_fetched", outcome.objects_fetched},
                           {"bytes_reused", outcome.bytes_reused},
                           {"objects_reused", outcome.objects_reused},
                           {"facts", outcome.facts},
                           {"indices", outcome.indices},
                           {"shards", outcome.shards},
                           {"warnings", outcome.warnings}};
  std::printf("%s\n", result.dump(2).c_str());
}

void print_text(const Arguments& arguments, const datastore::RestoreOutcome& outcome) {
  for (const std::string& fact : outcome.facts) std::printf("%s\n", fact.c_str());
  std::printf("%s restored from %s: %s in %llu objects fetched, %s already there\n",
              arguments.store.c_str(), arguments.name.c_str(),
              format_bytes(outcome.bytes_fetched).c_str(),
              static_cast<unsigned long long>(outcome.objects_fetched),
              format_bytes(outcome.bytes_reused).c_str());
}

// As the cluster itself answers, in the frame that StackState's own script prints.
void print_elasticsearch(const config::Elasticsearch& values, const Arguments& arguments,
                         const datastore::RestoreOutcome& outcome) {
  std::string names;
  for (const std::string& index : outcome.indices) {
    names += fmt::format("{}      {}", names.empty() ? "\n" : ",\n", nlohmann::json(index).dump());
  }
  fmt::print(
      "=== Restoring Elasticsearch snapshot \"{0}\" from snapshot repository \"{1}\" in bucket "
      "\"{2}\"...\n"
      "{{\n  \"snapshot\" : {{\n    \"snapshot\" : \"{0}\",\n    \"indices\" : [{3}\n    ],\n"
      "    \"shards\" : {{\n      \"total\" : {4},\n      \"failed\" : 0,\n      \"successful\" : "
      "{4}\n    }}\n  }}\n}}\n===\n",
      arguments.name, values.snapshot_repository_name, values.bucket_name, names, outcome.shards);
}

// The frame that StackState's own script prints.
void print_stackgraph(const config::StackGraph& values, const Arguments& arguments,
                      const datastore::RestoreOutcome& outcome) {
  fmt::print(
      "=== Downloading StackGraph backup \"{0}\" from bucket \"{1}\"...\n"
      "=== Importing StackGraph data from \"{0}\"...\n",
      arguments.name, values.bucket_name);
  for (const std::string& fact : outcome.facts) fmt::print("{}\n", fact);
  fmt::print("===\n");
}

void print_configuration(const Arguments& arguments, const datastore::RestoreOutcome& outcome) {
  fmt::print("=== Restoring settings backup from \"{}\"...\n", arguments.name);
  for (const std::string& fact : outcome.facts) fmt::print("{}\n", fact);
  fmt::print("===\n");
}

nlohmann::json to_json(const datastore::RestorePlan& plan) {
  return {{"store", plan.store},
          {"name", plan.name},
          {"steps", plan.steps},
          {"warnings", plan.warnings},
          {"conflicts", plan.conflicts},
          {"point_of_no_return", plan.point_of_no_return},
          {"backup_time",
           plan.backup_time ? nlohmann::json(format_rfc3339(*plan.backup_time)) : nlohmann::json()},
          {"bytes_to_fetch", plan.bytes_to_fetch},
          {"objects_to_fetch", plan.objects_to_fetch},
          {"bytes_to_reuse", plan.bytes_to_reuse},
          {"space_needed", plan.space_needed},
          {"space_free", plan.space_free}};
}

void print_plan(const datastore::RestorePlan& plan, std::FILE* out) {
  std::string when = plan.backup_time ? format_http_date(*plan.backup_time) : "an unknown time";
  std::fprintf(out, "Restore of %s from %s, completed %s\n", plan.store.c_str(), plan.name.c_str(),
               when.c_str());
  std::fprintf(out, "  to fetch: %s in %llu objects; already here: %s; space needed %s, free %s\n",
               format_bytes(plan.bytes_to_fetch).c_str(),
               static_cast<unsigned long long>(plan.objects_to_fetch),
               format_bytes(plan.bytes_to_reuse).c_str(), format_bytes(plan.space_needed).c_str(),
               format_bytes(plan.space_free).c_str());
  int number = 0;
  for (const std::string& step : plan.steps)
    std::fprintf(out, "  %d. %s\n", ++number, step.c_str());
  if (!plan.point_of_no_return.empty()) {
    std::fprintf(out, "  no way back after: %s\n", plan.point_of_no_return.c_str());
  }
  for (const std::string& warning : plan.warnings)
    std::fprintf(out, "  mind: %s\n", warning.c_str());
  for (const std::string& conflict : plan.conflicts)
    std::fprintf(out, "  in the way: %s\n", conflict.c_str());
}

bool ask() {
  if (!::isatty(STDIN_FILENO) || !::isatty(STDERR_FILENO)) return false;
  std::fprintf(stderr, "The data that is there now will be replaced. Type yes to go on: ");
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "yes";
}

// Elasticsearch and StackGraph replace nothing without --force, so that is the word that others ask
// for.
bool is_wanted(const Arguments& arguments, config::Store store,
               const datastore::RestorePlan& plan) {
  if (arguments.yes) return true;
  if (store == config::Store::kElasticsearch || store == config::Store::kStackGraph) {
    return !arguments.force || !::isatty(STDIN_FILENO) || (plan.conflicts.empty() && ask());
  }
  return plan.conflicts.empty() && ask();
}

void refuse_others_options(const Arguments& arguments, config::Store store) {
  const bool is_elasticsearch = store == config::Store::kElasticsearch;
  const bool names_indices = arguments.indices != kConfigured;
  if (names_indices && words_of(arguments.indices).empty()) {
    throw InvalidArgument("command line", "--indices names none",
                          "leave it out for all that backup.elasticsearch.scheduled.indices means");
  }
  if (names_indices && !is_elasticsearch) {
    throw InvalidArgument("command line", "--indices is for elasticsearch",
                          "holdfast restore --help shows what each store takes");
  }
  if (arguments.force && !is_elasticsearch && store != config::Store::kStackGraph) {
    throw InvalidArgument("command line", "--force is for elasticsearch and stackgraph",
                          arguments.store + " always replaces what is there: give --yes");
  }
  if (arguments.no_safety_backup && store != config::Store::kStackGraph &&
      store != config::Store::kConfiguration) {
    throw InvalidArgument("command line", "--no-safety-backup is for stackgraph and configuration",
                          "holdfast restore --help shows what each store takes");
  }
}

int run(Program& program, const Arguments& arguments) {
  config::Store named = store_named(arguments.store);
  refuse_others_options(arguments, named);
  if (!arguments.dry_run)
    config::require_restore(program.values(), named, arguments.override_disabled);
  OpenStore store = program.open(
      {named, arguments.direct, arguments.dry_run, parse_duration(arguments.wait, "--wait"), true});
  const datastore::PlanRequest request = plan_request(arguments);
  bool json = program.global().json();
  if (arguments.dry_run) {
    datastore::RestorePlan plan = store.datastore->plan(program.context(), request);
    auto refusal = config::restore_refusal(program.values(), named, arguments.override_disabled);
    if (refusal) plan.conflicts.push_back(refusal->key + " is false; " + refusal->advice);
    if (json) {
      std::printf("%s\n", to_json(plan).dump(2).c_str());
    } else {
      print_plan(plan, stdout);
    }
    return plan.conflicts.empty() ? 0 : 4;
  }
  auto confirm = [&](const datastore::RestorePlan& plan) {
    if (!json) print_plan(plan, stderr);
    return is_wanted(arguments, named, plan);
  };
  datastore::RestoreOutcome outcome =
      store.engine->restore(program.context(), request, program.progress(), confirm);
  if (json) {
    print_json(arguments, outcome);
    return 0;
  }
  for (const std::string& warning : outcome.warnings) {
    std::fprintf(stderr, "holdfast: warning: %s\n", warning.c_str());
  }
  if (named == config::Store::kElasticsearch) {
    print_elasticsearch(program.values().elasticsearch, arguments, outcome);
  } else if (named == config::Store::kStackGraph) {
    print_stackgraph(program.values().stackgraph, arguments, outcome);
  } else if (named == config::Store::kConfiguration) {
    print_configuration(arguments, outcome);
  } else {
    print_text(arguments, outcome);
  }
  return 0;
}

}  // namespace

Command make_restore_command(Program& program) {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "restore";
  command.summary = "bring a backup back";
  command.description =
      "Fetches and checks everything beside the live data, then swaps; a failure before the swap "
      "leaves the old data as it was.\n"
      "victoria-metrics-0 and -1: the server must be stopped. clickhouse: it must run, and nobody "
      "may insert meanwhile. elasticsearch: existing indices are only touched with --force. "
      "stackgraph: "
      "a graph that is not empty is only touched with --force (or -force), and saved first.\n"
      "Prints the plan and asks on a terminal; elsewhere --yes is needed.";
  command.examples = {
      "holdfast -c values.yaml restore victoria-metrics-0 victoria-metrics-0-20231128160000",
      "holdfast -c values.yaml restore victoria-metrics-0 NAME --dry-run   # NAME: see list",
      "holdfast -c values.yaml restore clickhouse incremental_2024-06-17T18-57-00 --yes",
      "holdfast -c values.yaml restore clickhouse NAME --table 'otel.otel_logs*' --as looked_at",
      "holdfast -c values.yaml restore elasticsearch NAME --indices 'sts_internal*' --force",
      "holdfast -c values.yaml restore stackgraph sts-backup-20210216-0300.graph -force"};
  command.options = {
      {"STORE", "what to restore", &arguments->store, true},
      {"NAME", "which backup, as list prints it", &arguments->name, true},
      {"--yes", "do not ask", &arguments->yes},
      {"--dry-run", "only print the plan", &arguments->dry_run},
      {"--in-place", "overwrite the live data, for disks without room for both",
       &arguments->in_place},
      {"--direct", "straight from the configured storage, for when the gateway is down",
       &arguments->direct},
      {"--override-disabled", "restore although the values switch it off",
       &arguments->override_disabled},
      {"--table", "clickhouse: only tables that fit this pattern; may be repeated",
       &arguments->tables},
      {"--partition", "clickhouse: only the partition of this id; may be repeated",
       &arguments->partitions},
      {"--as", "clickhouse: into this database, beside the tables' own", &arguments->as_database},
      {"--schema-only", "clickhouse: only make what is missing, without rows",
       &arguments->schema_only},
      {"--data-only", "clickhouse: only rows of tables that are there", &arguments->data_only},
      {"--indices", "elasticsearch: only these indices, parted by commas; * stands for any text",
       &arguments->indices},
      {"--force,--delete-all-indices",
       "elasticsearch: replace the indices that exist; stackgraph: the data that is there",
       &arguments->force},
      {"--no-safety-backup",
       "stackgraph, configuration: replace what is there without a copy of it",
       &arguments->no_safety_backup},
      {"--wait", "how long to wait while another run holds the store (90s, 5m)", &arguments->wait},
  };
  command.run = [&program, arguments] { return run(program, *arguments); };
  return command;
}

}  // namespace holdfast::cli
