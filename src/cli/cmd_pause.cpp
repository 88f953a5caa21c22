// `pause` and `resume`: a small object beside the store's records, which its scheduler looks at
// whenever something is due.
#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"
#include "catalog/schedule_state.h"
#include "cli/program.h"
#include "cli/text.h"

namespace holdfast::cli {

namespace {

struct Arguments {
  std::vector<std::string> stores;
  std::string reason;
  bool direct = false;
};

std::string who_asks() {
  const char* user = ::getenv("USER");
  return fmt::format("{}@{}", user && *user ? user : std::to_string(::getuid()),
                     this_process().host);
}

std::vector<config::Store> named_or_all(Program& program, const std::vector<std::string>& names) {
  std::vector<config::Store> stores;
  if (names.empty()) stores = program.scheduled_stores();
  if (names.empty() && stores.empty()) {
    throw InvalidArgument("pause or resume", "no store is scheduled",
                          "name a store, or switch one on in the values");
  }
  for (const std::string& name : names) stores.push_back(store_named(name));
  return stores;
}

int run(Program& program, const Arguments& arguments, bool pauses) {
  const auto storage = program.open_storage(!arguments.direct);
  const Context& context = program.context();
  for (config::Store store : named_or_all(program, arguments.stores)) {
    const std::string name(config::name_of(store));
    const auto before = catalog::read_pause(context, *storage, program.catalog(), name);
    std::optional<catalog::Pause> after;
    if (pauses) {
      const WallTime since = before ? before->since : context.clock().now();
      after = catalog::Pause{since, who_asks(), arguments.reason};
    }
    if (before || after) {
      catalog::write_pause(context, *storage, program.catalog(), name, after);
    }
    if (after) {
      std::printf(
          "%s: paused since %s; nothing is started by a schedule until: holdfast resume %s\n",
          name.c_str(), format_rfc3339(after->since).c_str(), name.c_str());
    } else {
      std::printf("%s: %s\n", name.c_str(), before ? "resumed" : "was not paused");
    }
  }
  return 0;
}

Command make(Program& program, bool pauses) {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.options = {
      {"STORE", "which stores (default: all that are scheduled)", &arguments->stores}};
  if (pauses) {
    command.options.push_back({"--reason", "why, for whoever wonders", &arguments->reason});
  }
  command.options.push_back({"--direct",
                             "straight to the configured storage, for when the gateway is down",
                             &arguments->direct});
  command.run = [&program, arguments, pauses] { return run(program, *arguments, pauses); };
  return command;
}

}  // namespace

Command make_pause_command(Program& program) {
  Command command = make(program, true);
  command.name = "pause";
  command.summary = "let schedules start nothing";
  command.description =
      "Holds for every scheduler of that store, over restarts, until resume. What comes due is "
      "recorded as missed. Runs that have begun go on; backup by hand still works.";
  command.examples = {"holdfast -c values.yaml pause clickhouse --reason 'upgrade to 24.3'",
                      "holdfast -c values.yaml pause"};
  return command;
}

Command make_resume_command(Program& program) {
  Command command = make(program, false);
  command.name = "resume";
  command.summary = "follow schedules again";
  command.description = "Ends a pause. What came due meanwhile stays missed.";
  command.examples = {"holdfast -c values.yaml resume clickhouse",
                      "holdfast -c values.yaml resume"};
  return command;
}

}  // namespace holdfast::cli
