#include <cstdio>
#include <fmt/format.h>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/error.h"
#include "cli/program.h"
#include "cli/text.h"
#include "config/switches.h"

namespace holdfast::cli {

namespace {

using Row = datastore::Elasticsearch::IndexRow;

struct DeleteArguments {
  std::string pattern;
  bool yes = false;
};

void print_rows(const std::vector<Row>& rows, std::FILE* out) {
  std::vector<std::vector<std::string>> cells = {{"health", "status", "index", "uuid", "pri", "rep",
                                                  "docs.count", "docs.deleted", "store.size",
                                                  "pri.store.size"}};
  for (const Row& row : rows) {
    cells.push_back({row.health, row.status, row.name, row.uuid, row.primaries, row.replicas,
                     row.documents, row.deleted, row.size, row.primary_size});
  }
  std::fprintf(out, "%s", format_table(cells, 1).c_str());
}

bool confirm(std::size_t count) {
  if (!::isatty(STDIN_FILENO) || !::isatty(STDERR_FILENO)) return false;
  std::fprintf(stderr, "These %zu indices will be deleted. Type yes to go on: ", count);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "yes";
}

int delete_indices(Program& program, const DeleteArguments& arguments) {
  config::require_master_switch(program.values(), "elasticsearch delete-indices");
  OpenElasticsearch opened = program.open_elasticsearch();
  const std::vector<Row> rows = opened.elasticsearch->indices(program.context(), arguments.pattern);
  const bool json = program.global().json();
  std::vector<std::string> names;
  for (const Row& row : rows) names.push_back(row.name);
  if (names.empty()) {
    throw InvalidArgument("delete the indices " + arguments.pattern, "there is none",
                          "curl CLUSTER/_cat/indices shows what there is");
  }
  if (!json) print_rows(rows, arguments.yes ? stdout : stderr);
  if (!arguments.yes && !confirm(names.size())) {
    throw Refused("delete the indices " + arguments.pattern, "not confirmed",
                  "give --yes to delete without being asked");
  }
  opened.elasticsearch->delete_indices(program.context(), names, program.progress());
  if (json) {
    std::printf("%s\n", nlohmann::json{{"deleted", names}}.dump(2).c_str());
  } else {
    std::printf("deleted %zu indices\n", names.size());
  }
  return 0;
}

int register_repository(Program& program, bool reconfigure) {
  config::require_master_switch(program.values(), "elasticsearch register");
  OpenElasticsearch opened = program.open_elasticsearch();
  const std::vector<std::string> lines =
      opened.elasticsearch->register_repository(program.context(), reconfigure);
  const std::string& name = program.values().elasticsearch.snapshot_repository_name;
  if (program.global().json()) {
    std::printf("%s\n", nlohmann::json{{"repository", name}, {"warnings", lines}}.dump(2).c_str());
    return 0;
  }
  for (const std::string& line : lines)
    std::fprintf(stderr, "holdfast: warning: %s\n", line.c_str());
  std::printf("the repository %s is registered\n", name.c_str());
  return 0;
}

Command make_delete_indices_command(Program& program) {
  auto arguments = std::make_shared<DeleteArguments>();
  Command command;
  command.name = "delete-indices";
  command.summary = "delete indices, so that a snapshot can be restored";
  command.description =
      "Shows what the pattern means, asks, and returns when it is gone. Indices of the system are "
      "never reached.";
  command.examples = {
      "holdfast -c values.yaml elasticsearch delete-indices 'sts_internal_events-*'",
      "holdfast -c values.yaml elasticsearch delete-indices sts_internal_events-2021.02.19 --yes"};
  command.options = {{"PATTERN", "a name; * stands for any text", &arguments->pattern, true},
                     {"--yes", "do not ask", &arguments->yes}};
  command.run = [&program, arguments] { return delete_indices(program, *arguments); };
  return command;
}

Command make_register_command(Program& program) {
  auto reconfigure = std::make_shared<bool>(false);
  Command command;
  command.name = "register";
  command.summary = "make the snapshot repository known to the cluster";
  command.description =
      "Every backup, list and restore does this where it is missing. One that is there keeps its "
      "settings.";
  command.examples = {"holdfast -c values.yaml elasticsearch register --reconfigure"};
  command.options = {
      {"--reconfigure", "give it the configured settings, whatever it has", reconfigure.get()}};
  command.run = [&program, reconfigure] { return register_repository(program, *reconfigure); };
  return command;
}

}  // namespace

Command make_elasticsearch_command(Program& program) {
  Command command;
  command.name = "elasticsearch";
  command.summary = "what only Elasticsearch has: its repository, deleting indices";
  command.subcommands.push_back(make_register_command(program));
  command.subcommands.push_back(make_delete_indices_command(program));
  return command;
}

}  // namespace holdfast::cli
