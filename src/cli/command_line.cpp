#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
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
        } else if constexpr (std::is_same_v<Target, std::optional<std::string>>) {
          return app.add_option_function<std::string>(
              option.name, [target](const std::string& text) { *target = text; }, option.help);
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

struct Chosen {
  const Command* command = nullptr;  // the innermost one that is named
  std::size_t end = 0;               // the place behind its name
};

// The parser itself only says that a command is missing. Looks at the first word that is no option,
// and at the next one where that command has commands of its own. InvalidArgument for an unknown
// one.
Chosen find_command(const std::vector<const char*>& words, const std::vector<Command>& commands) {
  Chosen chosen;
  const std::vector<Command>* allowed = &commands;
  for (std::size_t i = 1; i < words.size() && !allowed->empty(); ++i) {
    std::string_view word = words[i];
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
    chosen = {found, i + 1};
    allowed = &found->subcommands;
  }
  return chosen;
}

// Options first, then "--" and the positional words, so that none of these is taken for an option.
std::vector<const char*> with_text_last(const std::vector<const char*>& words,
                                        const Chosen& chosen) {
  const auto begin = words.begin() + static_cast<std::ptrdiff_t>(chosen.end);
  std::vector<const char*> sorted(words.begin(), begin), texts;
  std::size_t positional = 0;
  for (const Option& option : chosen.command->options) positional += option.name[0] != '-';
  for (auto word = begin; word != words.end(); ++word) {
    const std::string_view text = *word;
    if (text == "--") {
      texts.insert(texts.end(), word + 1, words.end());
      break;
    }
    const auto& options = chosen.command->options;
    const auto option = std::find_if(options.begin(), options.end(), [&](const Option& one) {
      return one.name[0] == '-' && (text == one.name || text.starts_with(one.name + "="));
    });
    if (option == options.end() && text != "--help" && text != "-h") {
      texts.push_back(*word);
      continue;
    }
    sorted.push_back(*word);
    const bool value_follows = option != options.end() && text == option->name &&
                               !std::holds_alternative<bool*>(option->target);
    if (value_follows && word + 1 != words.end()) sorted.push_back(*++word);
  }
  if (texts.size() > positional) {
    throw InvalidArgument("command line", fmt::format("unexpected '{}'", texts[positional]),
                          "put what holds blanks in quotes; see --help for the options");
  }
  sorted.push_back("--");
  sorted.insert(sorted.end(), texts.begin(), texts.end());
  return sorted;
}

// The script that the documentation shows takes -force with one dash.
std::vector<const char*> with_documented_spelling(std::vector<const char*> words) {
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
    std::vector<const char*> words(argv, argv + argc);
    const Chosen found = find_command(words, commands);
    words = found.command && found.command->takes_any_text ? with_text_last(words, found)
                                                           : with_documented_spelling(words);
    app.parse(static_cast<int>(words.size()), words.data());
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
