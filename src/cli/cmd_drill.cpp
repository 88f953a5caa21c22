#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/program.h"
#include "cli/text.h"
#include "config/switches.h"

namespace holdfast::cli {

namespace {

struct Arguments {
  std::string store, name, wait = "5m";
  bool direct = false;
};

void print_table(const job::DrillReport& report) {
  std::vector<std::vector<std::string>> rows = {{"", "at backup", "restored"}};
  for (const auto& [name, value] : report.restored.counts) {
    auto before = report.recorded.counts.find(name);
    rows.push_back({name,
                    before == report.recorded.counts.end() ? "-" : std::to_string(before->second),
                    std::to_string(value)});
  }
  std::printf("%s", format_table(rows).c_str());
  std::printf("%s: %s restored into a scratch place, read, measured and removed\n",
              report.name.c_str(), format_bytes(report.bytes).c_str());
  if (report.nothing_recorded)
    std::printf("nothing was recorded at backup time, so nothing could be compared\n");
}

int run(Program& program, const Arguments& arguments) {
  config::require_master_switch(program.values(), "drill");
  OpenStore store = program.open({store_named(arguments.store), arguments.direct, true,
                                  parse_duration(arguments.wait, "--wait")});
  job::DrillReport report =
      store.engine->drill(program.context(), arguments.name, program.progress());
  if (program.global().json()) {
    nlohmann::json json = {{"store", arguments.store},
                           {"name", report.name},
                           {"bytes", report.bytes},
                           {"recorded", report.recorded.counts},
                           {"restored", report.restored.counts},
                           {"nothing_recorded", report.nothing_recorded},
                           {"differences", report.differences}};
    std::printf("%s\n", json.dump(2).c_str());
  } else {
    print_table(report);
  }
  if (report.differences.empty()) return 0;
  throw Corrupt("drill of " + report.name, report.differences.front(),
                "do not rely on this backup; make a full one");
}

}  // namespace

Command make_drill_command(Program& program) {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "drill";
  command.summary = "prove that a backup restores";
  command.description =
      "Restores into a scratch folder, starts the store's own program there, compares what it "
      "holds with what was\n"
      "recorded at backup time, and removes it all again.";
  command.examples = {"holdfast -c values.yaml drill victoria-metrics-0"};
  command.options = {
      {"STORE", "whose backup", &arguments->store, true},
      {"NAME", "which one (default: the newest)", &arguments->name},
      {"--wait", "how long to wait while another run changes that backup (90s; default 5m)",
       &arguments->wait},
      {"--direct", "straight from the configured storage, for when the gateway is down",
       &arguments->direct},
  };
  command.run = [&program, arguments] { return run(program, *arguments); };
  return command;
}

}  // namespace holdfast::cli
