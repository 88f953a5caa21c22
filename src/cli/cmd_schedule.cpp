#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "cli/program.h"
#include "cli/text.h"
#include "schedule/cron.h"

namespace holdfast::cli {

namespace {

constexpr int kMostTimes = 10'000;

struct Arguments {
  std::string dialect, expression, from, count = "5", zone;
};

int next(Program& program, const Arguments& arguments) {
  const schedule::Dialect dialect = schedule::dialect_named(arguments.dialect);
  // Elasticsearch reads its schedules in UTC; another zone only changes how they are shown.
  const bool always_utc = dialect == schedule::Dialect::kElasticsearch;
  const Zone zone = always_utc && arguments.zone.empty() ? Zone::utc() : parse_zone(arguments.zone);
  const WallTime from = parse_time_or(arguments.from, "--from", program.context().clock().now());
  const auto count = parse_number(arguments.count, "--count", 1, kMostTimes);
  // What the program that ran the schedule reads counts here, so TZ= before the fields is read.
  const schedule::Schedule schedule =
      schedule::parse(dialect, arguments.expression, schedule::ZonePrefix::kRead);
  if (dialect == schedule::Dialect::kKubernetes &&
      arguments.expression.find("TZ=") != std::string::npos) {
    log::warning(program.context(),
                 "a time zone before the fields: Kubernetes refuses to create a CronJob with it, "
                 "and so do the values; set the time zone beside the schedule");
  }
  std::vector<std::string> times;
  WallTime after = from;
  while (times.size() < static_cast<std::size_t>(count)) {
    const auto time = schedule.next(after, zone);
    if (!time) break;
    times.push_back(format_rfc3339(std::chrono::floor<std::chrono::seconds>(*time), zone));
    after = *time;
  }
  if (program.global().json()) {
    const nlohmann::ordered_json json = {{"dialect", schedule::name_of(dialect)},
                                         {"expression", arguments.expression},
                                         {"zone", zone.name()},
                                         {"from", format_rfc3339(from)},
                                         {"next", times}};
    std::printf("%s\n",
                json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    return 0;
  }
  for (const std::string& time : times) std::printf("%s\n", time.c_str());
  return 0;
}

}  // namespace

Command make_schedule_command(Program& program) {
  auto arguments = std::make_shared<Arguments>();
  Command next_command;
  next_command.name = "next";
  next_command.summary = "when a schedule fires, one RFC 3339 time a line";
  next_command.description =
      "DIALECT is the program whose schedule it is: kubernetes (CronJobs: StackGraph, settings), "
      "cronexpr (supercronic: VictoriaMetrics, ClickHouse, verify and drill) or elasticsearch (in "
      "UTC).\nNothing is printed for a schedule that never fires. Needs no values file.";
  next_command.examples = {
      "holdfast schedule next cronexpr '45 3-23 * * *' --count 3 --tz Europe/Amsterdam",
      "holdfast schedule next elasticsearch '0 0 3 ? * MON-FRI' --from 2026-03-31T00:00:00Z",
      "holdfast schedule next kubernetes '@every 1h30m'"};
  next_command.options = {
      {"DIALECT", "kubernetes, cronexpr or elasticsearch", &arguments->dialect, true},
      {"EXPR", "the schedule, in quotes", &arguments->expression, true},
      {"--from", "times after this one, RFC 3339 (default: now)", &arguments->from},
      {"--count", "how many, 1 to 10000 (default 5)", &arguments->count},
      {"--tz",
       "the time zone that it is read and shown in, such as Europe/Amsterdam, or local "
       "(default; for elasticsearch UTC, where it only changes what is shown)",
       &arguments->zone},
  };
  next_command.takes_any_text = true;
  next_command.run = [&program, arguments] { return next(program, *arguments); };

  Command command;
  command.name = "schedule";
  command.summary = "tell when a schedule fires";
  command.subcommands = {next_command};
  return command;
}

}  // namespace holdfast::cli
