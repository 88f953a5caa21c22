// What a command is, without naming the parser: each cmd_*.cpp declares one Command;
// command_line.cpp alone knows CLI11.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace holdfast::cli {

// A flag (bool), one value (string) or several values of the command line. The target is borrowed
// and filled before run().
struct Option {
  std::string name;  // "--yes", "-f,--file", or "STORE" for a positional one
  std::string help;
  std::variant<bool*, std::string*, std::vector<std::string>*> target;
  bool required = false;
};

struct Command {
  std::string name;
  std::string summary;                // one line
  std::string description;            // what it does and what it needs, a few lines
  std::vector<std::string> examples;  // shown by --help
  std::vector<Option> options;
  std::vector<Command> subcommands;
  std::function<int()> run;  // returns the exit code; throws Error
};

// Options before the command.
struct GlobalOptions {
  std::string values_file;
  std::string output = "table";  // table | json
  bool verbose = false, quiet = false;
  bool json() const { return output == "json"; }
};

// Parses and runs. Prints errors as `holdfast: WHAT: WHY; WHAT TO DO` (JSON with --output json) on
// standard error and returns the exit code: 0 done, 1 failed, 2 usage or configuration, 3 no such
// backup, 4 refused, 5 corrupt.
int run_command_line(int argc, const char* const* argv, GlobalOptions& global,
                     std::vector<Command> commands);

}  // namespace holdfast::cli
