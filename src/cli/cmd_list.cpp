#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "cli/text.h"

namespace holdfast::cli {

namespace {

constexpr const char* kNoTime = "01/01/0001 00:00:00";

struct Arguments {
  std::string store;
  bool direct = false, is_long = false;
};

nlohmann::json to_json(const datastore::BackupEntry& entry) {
  auto time = [](const std::optional<WallTime>& when) -> nlohmann::json {
    if (!when) return nullptr;
    return format_rfc3339(*when);
  };
  return {{"name", entry.name},
          {"complete", entry.complete},
          {"broken_because", entry.broken_because},
          {"started", time(entry.started)},
          {"completed", time(entry.completed)},
          {"bytes", entry.bytes},
          {"objects", entry.objects},
          {"kind", entry.kind},
          {"parent", entry.parent},
          {"details", entry.details}};
}

// The frame and the lines that StackState's own script prints; what is not complete does not show.
void print_victoria_metrics(const std::string& store,
                            const std::vector<datastore::BackupEntry>& entries) {
  std::printf("=== Fetching timestamps of last completed incremental backups\n");
  for (const datastore::BackupEntry& entry : entries) {
    if (!entry.complete || !entry.completed) continue;
    std::printf("%s %s \"%s\"\n", store.c_str(), entry.name.c_str(),
                format_http_date(*entry.completed).c_str());
  }
  std::printf("\n===\n");
}

// As the documentation shows it (the columns of the tool that StackState ships): name, size, time
// of the upload, place, what it builds on, format and tags; three blanks between.
void print_clickhouse(const std::vector<datastore::BackupEntry>& entries) {
  std::vector<std::vector<std::string>> rows;
  for (const datastore::BackupEntry& entry : entries) {
    if (!entry.complete) {
      rows.push_back(
          {entry.name, "???", kNoTime, "remote", "", "broken (" + entry.broken_because + ")"});
      continue;
    }
    std::string parent = entry.parent.empty() ? "" : "+" + entry.parent;
    rows.push_back({entry.name, format_bytes(entry.bytes), format_list_time(*entry.completed),
                    "remote", parent,
                    entry.details.at("format") + ", " + entry.details.at("tags")});
  }
  std::printf("%s", format_table(rows, 3).c_str());
}

void print_complete(const std::vector<datastore::BackupEntry>& entries, bool quiet) {
  for (const datastore::BackupEntry& entry : entries) {
    if (entry.complete) std::printf("%s\n", entry.name.c_str());
  }
  std::printf("===\n");
  const auto broken = std::count_if(entries.begin(), entries.end(),
                                    [](const auto& entry) { return !entry.complete; });
  if (broken > 0 && !quiet) {
    std::fprintf(stderr, "holdfast: %td more cannot be restored, or not yet: --long tells why\n",
                 broken);
  }
}

// The frame and the names that StackState's own script prints; JSON tells the rest.
void print_elasticsearch(const config::Elasticsearch& values,
                         const std::vector<datastore::BackupEntry>& entries, bool quiet) {
  std::printf(
      "=== Listing Elasticsearch snapshots in snapshot repository \"%s\" in bucket \"%s\"...\n",
      values.snapshot_repository_name.c_str(), values.bucket_name.c_str());
  print_complete(entries, quiet);
}

// The frame and the names that StackState's own script prints.
void print_stackgraph(const config::StackGraph& values,
                      const std::vector<datastore::BackupEntry>& entries, bool quiet) {
  std::printf("=== Listing StackGraph backups in bucket \"%s\"...\n", values.bucket_name.c_str());
  print_complete(entries, quiet);
}

void print_configuration(const config::Configuration& values,
                         const std::vector<datastore::BackupEntry>& entries, bool quiet) {
  std::printf("=== Listing Settings backups in bucket \"%s\"...\n", values.bucket_name.c_str());
  if (entries.empty()) std::printf("(no backups found)\n");
  print_complete(entries, quiet);
}

std::string shown_time(const std::optional<WallTime>& when) {
  return when ? format_list_time(*when) : "-";
}

// The same columns for every store, broken backups too.
void print_long(const std::vector<datastore::BackupEntry>& entries) {
  std::vector<std::vector<std::string>> rows = {
      {"name", "kind", "state", "started", "duration", "size", "holds", "why"}};
  for (const datastore::BackupEntry& entry : entries) {
    auto told = entry.details.find("state");
    std::string state = entry.complete ? "complete" : "broken";
    const bool says_more = told != entry.details.end() && told->second != "SUCCESS";
    if (says_more) state = told->second;
    std::string duration = "-";
    if (entry.started && entry.completed && *entry.completed >= *entry.started) {
      duration = format_duration(*entry.completed - *entry.started);
    }
    auto indices = entry.details.find("index_count");
    rows.push_back({entry.name, entry.kind, state, shown_time(entry.started), duration,
                    format_bytes(entry.bytes),
                    indices == entry.details.end() ? "-" : indices->second + " indices",
                    entry.broken_because});
  }
  std::printf("%s", format_table(rows).c_str());
}

int run(Program& program, const Arguments& arguments) {
  const config::Store named = store_named(arguments.store);
  OpenStore store = program.open({named, arguments.direct, true, {}});
  std::vector<datastore::BackupEntry> entries = store.datastore->list(program.context());
  if (program.global().json()) {
    nlohmann::json json = nlohmann::json::array();
    for (const datastore::BackupEntry& entry : entries) json.push_back(to_json(entry));
    std::printf("%s\n", json.dump(2).c_str());
  } else if (arguments.is_long) {
    print_long(entries);
  } else if (named == config::Store::kClickHouse) {
    print_clickhouse(entries);
  } else if (named == config::Store::kElasticsearch) {
    print_elasticsearch(program.values().elasticsearch, entries, program.global().quiet);
  } else if (named == config::Store::kStackGraph) {
    print_stackgraph(program.values().stackgraph, entries, program.global().quiet);
  } else if (named == config::Store::kConfiguration) {
    print_configuration(program.values().configuration, entries, program.global().quiet);
  } else {
    print_victoria_metrics(arguments.store, entries);
    return 0;  // its script prints the same frame around nothing
  }
  if (entries.empty() && !program.global().json() && !program.global().quiet) {
    std::fprintf(stderr, "holdfast: there is no backup of %s yet\n", arguments.store.c_str());
  }
  return 0;
}

}  // namespace

Command make_list_command(Program& program) {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "list";
  command.summary = "what can be restored";
  command.description =
      "Prints the documented lines; --output json also shows what is broken, with the reason.";
  command.examples = {"holdfast -c values.yaml list victoria-metrics-0",
                      "holdfast -c values.yaml list stackgraph",
                      "holdfast -c values.yaml list clickhouse",
                      "holdfast -c values.yaml list elasticsearch --long",
                      "holdfast -c values.yaml --output json list victoria-metrics-0 --direct"};
  command.options = {
      {"STORE", "whose backups", &arguments->store, true},
      {"--long", "a table of all, broken ones too, with the reason", &arguments->is_long},
      {"--direct", "straight from the configured storage, for when the gateway is down",
       &arguments->direct},
  };
  command.run = [&program, arguments] { return run(program, *arguments); };
  return command;
}

}  // namespace holdfast::cli
