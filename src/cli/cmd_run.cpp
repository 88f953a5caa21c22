#include <memory>

#include "cli/program.h"

namespace holdfast::cli {

namespace {

struct Arguments {
  std::vector<std::string> stores;
  bool single = false;
};

}  // namespace

Command make_run_command(Program& program) {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "run";
  command.summary = "back up by the schedules of the values, until told to stop";
  command.description =
      "Backs up, prunes, verifies and drills each store when that is due, and serves metrics, "
      "health and status on holdfast.run.listen.\n"
      "What was missed while it was down is made up for if it is younger than "
      "holdfast.run.startingDeadline, else recorded as missed. Of two for one store one works and "
      "the other stands by. SIGTERM lets runs that have begun end, for holdfast.run.stopGrace.";
  command.examples = {"holdfast -c values.yaml run",
                      "holdfast -c values.yaml run victoria-metrics-0   # beside that store's data",
                      "holdfast -c values.yaml status"};
  command.options = {
      {"STORE", "for which stores (default: all that are scheduled)", &arguments->stores},
      {"--single", "there is no other scheduler, on a storage that could not tell",
       &arguments->single},
  };
  command.run = [&program, arguments] {
    return program.run_scheduler(arguments->stores, arguments->single);
  };
  return command;
}

}  // namespace holdfast::cli
