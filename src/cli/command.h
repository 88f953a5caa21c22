// What a command is, without naming the parser: each cmd_*.cpp declares one Command;
// command_line.cpp alone knows CLI11.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace holdfast::cli {

// A flag (bool), one value (string, optional string) or several values of the command line. The
// target is borrowed and filled before run().
struct Option {
  std::string name;  // "--yes", "-f,--file", or "STORE" for a positional one
  std::string help;
  // An optional one tells an empty value from none.
  std::variant<bool*, std::string*, std::optional<std::string>*, std::vector<std::string>*> target;
  bool required = false;
};

struct Command {
  std::string name;
  std::string summary;                // one line
  std::string description;            // what it does and what it needs, a few lines
  std::vector<std::string> examples;  // shown by --help
  std::vector<Option> options;
  std::vector<Command> subcommands;
  // What is no option of this command is a positional one as it stands, also when it is empty or
  // begins with a dash: "-30 days".
  bool takes_any_text = false;
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
