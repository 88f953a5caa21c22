#include <cstdio>

#include "cli/program.h"
#include "config/report.h"

namespace holdfast::cli {

Command make_config_command(Program& program) {
  Command check;
  check.name = "check";
  check.summary = "validate the values: every problem with its key, line and what is allowed";
  check.examples = {"holdfast -c values.yaml config check",
                    "holdfast -c values.yaml --output json config check"};
  check.run = [&program] {
    const config::Loaded& loaded = program.loaded();
    std::string text =
        program.global().json() ? config::check_json(loaded) : config::check_text(loaded);
    std::fputs(text.c_str(), stdout);
    return config::check_status(loaded);
  };

  Command show;
  show.name = "show";
  show.summary = "print the effective values, defaults included, secrets hidden";
  show.examples = {"holdfast -c values.yaml config show"};
  show.run = [&program] {
    program.values();  // a wrong file is an error here, not a page of half-right values
    const config::Loaded& loaded = program.loaded();
    std::string text =
        program.global().json() ? config::show_json(loaded) : config::show_yaml(loaded);
    std::fputs(text.c_str(), stdout);
    return 0;
  };

  Command command;
  command.name = "config";
  command.summary = "check or show the values";
  command.subcommands = {check, show};
  return command;
}

}  // namespace holdfast::cli
