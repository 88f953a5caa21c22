#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/error.h"
#include "base/log.h"
#include "cli/command.h"

namespace holdfast::cli {

namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 no such backup, 4 refused, 5 "
    "corrupt.";

void add_option(CLI::App& app, const Option& option) {
  CLI::Option* added = std::visit(
      [&](auto* target) {
        using Target = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<Target, bool>) {
          return app.add_flag(option.name, *target, option.help);
        } else {
          return app.add_option(option.name, *target, option.help);
        }
      },
      option.target);
  if (option.required) added->required();
}

std::string footer_of(const Command& command) {
  std::string text;
  if (!command.examples.empty()) {
    text += "Examples:\n";
    for (const std::string& example : command.examples) text += "  " + example + "\n";
  }
  return text + kExitCodes;
}

void add_command(CLI::App& parent, const Command& command, const Command*& chosen) {
  CLI::App* app = parent.add_subcommand(command.name, command.summary);
  if (!command.description.empty())
    app->description(command.summary + "\n\n" + command.description);
  app->footer(footer_of(command));
  for (const Option& option : command.options) add_option(*app, option);
  for (const Command& sub : command.subcommands) add_command(*app, sub, chosen);
  if (command.subcommands.empty()) {
    app->callback([&command, &chosen] { chosen = &command; });
  } else {
    app->require_subcommand(1);
  }
}

int report(const GlobalOptions& global, const std::string& kind, const std::string& line,
           int code) {
  if (global.json()) {
    nlohmann::json json = {{"error", line}, {"kind", kind}, {"exit_code", code}};
    std::fprintf(stderr, "%s\n",
                 json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else {
    std::fprintf(stderr, "holdfast: %s\n", line.c_str());
  }
  return code;
}

// What was printed must have arrived before the program says that it is done.
void flush_output() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw Failed("write the result to standard output", std::system_category().message(errno),
               "the work itself is done; see to where the output goes");
}

int run_chosen(const Command& chosen, const GlobalOptions& global) {
  try {
    int code = chosen.run();
    flush_output();
    return code;
  } catch (const Error& error) {
    return report(global, std::string(name_of(error.kind())), error.to_string(), exit_code(error));
  } catch (const std::exception& error) {
    return report(global, "failed", std::string("unexpected failure: ") + error.what(), 1);
  }
}

// The parser itself only says that a command is missing. Looks at the first word that is no option,
// and at the next one where that command has commands of its own.
void refuse_unknown_command(int argc, const char* const* argv,
                            const std::vector<Command>& commands) {
  const std::vector<Command>* allowed = &commands;
  for (int i = 1; i < argc && !allowed->empty(); ++i) {
    std::string_view word = argv[i];
    if (word == "-c" || word == "--config" || word == "--output") {
      ++i;
      continue;
    }
    if (word.starts_with("-")) continue;
    std::string known;
    const Command* found = nullptr;
    for (const Command& command : *allowed) {
      if (command.name == word) found = &command;
      known += (known.empty() ? "" : ", ") + command.name;
    }
    if (!found) {
      throw InvalidArgument("command line", "there is no command '" + std::string(word) + "'",
                            "there are " + known);
    }
    allowed = &found->subcommands;
  }
}

// The script that the documentation shows takes -force with one dash.
std::vector<const char*> with_documented_spelling(int argc, const char* const* argv) {
  std::vector<const char*> words(argv, argv + argc);
  for (const char*& word : words) {
    if (std::string_view(word) == "-force") word = "--force";
  }
  return words;
}

}  // namespace

int run_command_line(int argc, const char* const* argv, GlobalOptions& global,
                     std::vector<Command> commands) {
  CLI::App app("Backup and restore for an observability stack", "holdfast");
  app.set_version_flag("--version", std::string(HOLDFAST_VERSION));
  app.add_option("-c,--config", global.values_file, "the installation's values.yaml");
  app.add_option("--output", global.output, "table (default) or json")
      ->check(CLI::IsMember({"table", "json"}));
  app.add_flag("-v,--verbose", global.verbose, "log every step");
  app.add_flag("-q,--quiet", global.quiet, "no progress, warnings and errors only");
  app.require_subcommand(1);
  app.footer(kExitCodes);
  const Command* chosen = nullptr;
  for (const Command& command : commands) add_command(app, command, chosen);
  try {
    const std::vector<const char*> words = with_documented_spelling(argc, argv);
    refuse_unknown_command(argc, words.data(), commands);
    app.parse(argc, words.data());
  } catch (const Error& error) {
    return report(global, "invalid_argument", error.to_string(), 2);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return report(global, "invalid_argument",
                  std::string("command line: ") + error.what() + "; see holdfast --help", 2);
  }
  log::set_level(global.verbose ? log::Level::kDebug
                 : global.quiet ? log::Level::kWarning
                                : log::Level::kInfo);
  return run_chosen(*chosen, global);
}

}  // namespace holdfast::cli
