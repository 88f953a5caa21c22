#include <array>
#include <charconv>
#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/civil.h"
#include "base/column.h"
#include "base/error.h"
#include "cli/program.h"
#include "cli/text.h"
#include "retention/chains.h"
#include "retention/date_delta.h"
#include "retention/named.h"
#include "retention/slm.h"
#include "retention/tiers.h"
#include "retention/time_unit.h"

namespace holdfast::cli {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMostInput = 64 << 20;
// Ages stay within 64 bits: some 285,000 years around 1970.
constexpr std::int64_t kMostMilliseconds = 9'007'199'254'740'991;
// The time in the name of an export, as the charts write it by default.
constexpr const char* kNameTime = "%Y%m%d-%H%M";

struct CutoffArguments {
  std::string expression, now, zone;
};

struct PlanArguments {
  std::optional<std::string> expire_after, min_count, max_count, now_ms;  // elasticsearch
  std::string keep;                                                       // clickhouse
  std::string keep_daily = "7", keep_weekly = "4";                        // victoria-metrics
  std::string delta, now, zone;                                           // stackgraph
  bool why = false;
};

// One line of standard input, taken apart at its tabs.
struct Line {
  std::size_t number;
  std::string_view text;
  std::vector<std::string_view> fields;

  [[noreturn]] void refuse(std::string_view at, std::string_view why,
                           std::string_view allowed) const {
    throw InvalidArgument(
        fmt::format("standard input, line {}", number),
        fmt::format("column {}: {}",
                    column_of(text, static_cast<std::size_t>(at.data() - text.data())), why),
        fmt::format("allowed: {}", allowed));
  }
};

// What can be planned: the backups by name, and what the policy says of each.
struct Plan {
  std::vector<std::string> names;
  std::vector<retention::Verdict> verdicts;
};

std::string read_input() {
  std::string input;
  std::array<char, 65536> buffer;
  for (std::size_t size; (size = std::fread(buffer.data(), 1, buffer.size(), stdin)) > 0;) {
    input.append(buffer.data(), size);
    if (input.size() > kMostInput) {
      throw InvalidArgument("standard input", "longer than 64 MiB",
                            "give the backups of one store");
    }
  }
  if (std::ferror(stdin) != 0) throw Failed("standard input", "cannot be read");
  return input;
}

// Lines of `input` with at least `least` and at most `most` fields, the first not empty.
std::vector<Line> lines_of(std::string_view input, std::size_t least, std::size_t most,
                           std::string_view form) {
  std::vector<Line> lines;
  while (!input.empty()) {
    Line line{lines.size() + 1, input.substr(0, input.find('\n')), {}};
    input.remove_prefix(std::min(line.text.size() + 1, input.size()));
    for (std::string_view rest = line.text;;) {
      line.fields.push_back(rest.substr(0, rest.find('\t')));
      if (line.fields.back().size() == rest.size()) break;
      rest.remove_prefix(line.fields.back().size() + 1);
    }
    if (line.fields.size() > most) line.refuse(line.fields[most], "a field too many", form);
    if (line.fields.size() < least) {
      line.refuse(line.text.substr(line.text.size()), "a field is missing", form);
    }
    if (line.fields[0].empty()) line.refuse(line.text, "the name is missing", form);
    lines.push_back(std::move(line));
  }
  return lines;
}

Plan plan_elasticsearch(const Program& program, const PlanArguments& arguments) {
  constexpr std::string_view kForm =
      "NAME<TAB>STATE<TAB>START_MS, the start in milliseconds of Unix time";
  retention::SlmPolicy policy;
  if (arguments.expire_after) {
    policy.expire_after = retention::parse_time_value(*arguments.expire_after).milliseconds();
  }
  auto count = [](const std::optional<std::string>& text, std::string_view what) {
    return text ? std::optional(static_cast<int>(parse_number(*text, what, 1, INT32_MAX)))
                : std::nullopt;
  };
  policy.min_count = count(arguments.min_count, "--min-count");
  policy.max_count = count(arguments.max_count, "--max-count");
  policy.check();
  auto now = std::chrono::floor<milliseconds>(program.context().clock().now());
  if (arguments.now_ms) {
    now = std::chrono::sys_time<milliseconds>(milliseconds(
        parse_number(*arguments.now_ms, "--now-ms", -kMostMilliseconds, kMostMilliseconds)));
  }
  Plan plan;
  std::vector<retention::Snapshot> snapshots;
  const std::string input = read_input();
  for (const Line& line : lines_of(input, 3, 3, kForm)) {
    std::int64_t start = 0;
    const std::string_view digits = line.fields[2];
    auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), start);
    if (code != std::errc() || end != digits.data() + digits.size() ||
        std::abs(start) > kMostMilliseconds) {
      line.refuse(digits, "the start is not a count of milliseconds", kForm);
    }
    retention::SnapshotState state{};
    try {
      state = retention::snapshot_state_named(line.fields[1]);
    } catch (const InvalidArgument&) {
      line.refuse(line.fields[1], "no such state", "SUCCESS, FAILED, PARTIAL, IN_PROGRESS");
    }
    plan.names.emplace_back(line.fields[0]);
    snapshots.push_back(
        {plan.names.back(), state, std::chrono::sys_time<milliseconds>(milliseconds(start))});
  }
  plan.verdicts = retention::apply_slm(policy, snapshots, now);
  return plan;
}

Plan plan_clickhouse(const PlanArguments& arguments) {
  const auto keep = parse_number(arguments.keep, "--keep", 0, INT32_MAX);
  Plan plan;
  std::vector<retention::ChainedBackup> backups;
  const std::string input = read_input();
  for (const Line& line : lines_of(input, 1, 2, "NAME or NAME<TAB>PARENT, the oldest first")) {
    plan.names.emplace_back(line.fields[0]);
    retention::ChainedBackup& backup = backups.emplace_back();
    backup.name = line.fields[0];
    if (line.fields.size() > 1) backup.parent = line.fields[1];
  }
  plan.verdicts = retention::apply_chains(static_cast<std::uint64_t>(keep), backups);
  return plan;
}

Plan plan_victoria_metrics(const PlanArguments& arguments) {
  constexpr std::string_view kForm = "NAME<TAB>TIME, the time as RFC 3339";
  const retention::TierPolicy policy{
      static_cast<int>(parse_number(arguments.keep_daily, "--keep-daily", 0, INT32_MAX)),
      static_cast<int>(parse_number(arguments.keep_weekly, "--keep-weekly", 0, INT32_MAX))};
  Plan plan;
  std::vector<retention::DatedCopy> copies;
  const std::string input = read_input();
  for (const Line& line : lines_of(input, 2, 2, kForm)) {
    plan.names.emplace_back(line.fields[0]);
    try {
      copies.push_back({plan.names.back(), parse_rfc3339(line.fields[1])});
    } catch (const InvalidArgument&) {
      line.refuse(line.fields[1], "not a time of RFC 3339", kForm);
    }
  }
  plan.verdicts = retention::apply_tiers(policy, copies);
  return plan;
}

Plan plan_stackgraph(const Program& program, const PlanArguments& arguments) {
  const Zone zone = parse_zone(arguments.zone);
  const WallTime now = parse_time_or(arguments.now, "--now", program.context().clock().now());
  const WallTime cutoff = retention::cutoff_of(arguments.delta, now, zone);
  Plan plan;
  std::vector<retention::NamedBackup> backups;
  const std::string input = read_input();
  for (const Line& line :
       lines_of(input, 1, 2, "NAME<TAB>TIME, the time as the name has it, such as 20260331-0300")) {
    plan.names.emplace_back(line.fields[0]);
    retention::NamedBackup& backup = backups.emplace_back();
    backup.name = line.fields[0];
    if (line.fields.size() > 1) backup.date = line.fields[1];
  }
  const auto local = zone.to_local(std::chrono::floor<seconds>(cutoff));
  plan.verdicts = retention::apply_cutoff(format_civil(civil_of(local), kNameTime), backups);
  return plan;
}

int show(Program& program, const Plan& plan, bool why) {
  if (program.global().json()) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < plan.names.size(); ++i) {
      json.push_back({{"name", plan.names[i]},
                      {"remove", plan.verdicts[i].remove},
                      {"reason", plan.verdicts[i].reason}});
    }
    std::printf("%s\n",
                json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    return 0;
  }
  for (std::size_t i = 0; i < plan.names.size(); ++i) {
    if (!plan.verdicts[i].remove) continue;
    std::printf("%s%s%s\n", plan.names[i].c_str(), why ? "\t" : "",
                why ? plan.verdicts[i].reason.c_str() : "");
  }
  return 0;
}

int cutoff(Program& program, const CutoffArguments& arguments) {
  const Zone zone = parse_zone(arguments.zone);
  const WallTime now = parse_time_or(arguments.now, "--now", program.context().clock().now());
  // Not held within what WallTime can say: the answer of GNU date, however far away.
  const auto moment =
      retention::moment_of_delta(arguments.expression, std::chrono::floor<seconds>(now), zone);
  const std::string text = format_rfc3339(moment, zone, true);
  if (program.global().json()) {
    const nlohmann::ordered_json json = {{"expression", arguments.expression},
                                         {"now", format_rfc3339(now)},
                                         {"zone", zone.name()},
                                         {"cutoff", text},
                                         {"in_future", moment > now}};
    std::printf("%s\n",
                json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  } else {
    std::printf("%s\n", text.c_str());
  }
  return 0;
}

Command make_cutoff_command(Program& program) {
  auto arguments = std::make_shared<CutoffArguments>();
  Command command;
  command.name = "cutoff";
  command.summary = "the moment that a retention such as '30 days ago' means, as RFC 3339";
  command.description =
      "EXPR is what backupRetentionTimeDelta takes: a phrase of GNU date, or the older form days = "
      "30. An empty one is today 00:00.\nA phrase without ago means the future. Needs no values "
      "file.";
  command.examples = {"holdfast retention cutoff '30 days ago' --tz Europe/Amsterdam",
                      "holdfast retention cutoff '-30 days' --now 2026-03-31T03:00:00Z --tz UTC",
                      "holdfast retention cutoff 'days = 30, hours = 2'"};
  command.options = {
      {"EXPR", "the phrase, in quotes", &arguments->expression, true},
      {"--now", "as seen from this time, RFC 3339 (default: now)", &arguments->now},
      {"--tz", "the time zone of the clock, such as Europe/Amsterdam, or local (default)",
       &arguments->zone},
  };
  command.takes_any_text = true;
  command.run = [&program, arguments] { return cutoff(program, *arguments); };
  return command;
}

using Planner = Plan (*)(const Program&, const PlanArguments&);

Command make_policy_command(Program& program, std::string name, std::string summary,
                            std::string description, std::string example,
                            const std::shared_ptr<PlanArguments>& arguments,
                            std::vector<Option> options, Planner planner) {
  Command command;
  command.name = std::move(name);
  command.summary = std::move(summary);
  command.description = std::move(description) +
                        "\nPrints the names that would go, one a line; --output json tells of "
                        "each backup whether it stays, and why. Needs no values file.";
  command.examples = {std::move(example)};
  command.options = std::move(options);
  command.options.push_back({"--why", "also the reason, after a tab", &arguments->why});
  command.run = [&program, arguments, planner] {
    return show(program, planner(program, *arguments), arguments->why);
  };
  return command;
}

Command make_plan_command(Program& program) {
  auto arguments = std::make_shared<PlanArguments>();
  PlanArguments& to = *arguments;
  Command command;
  command.name = "plan";
  command.summary = "what a policy would remove of the backups on standard input";
  command.subcommands = {
      make_policy_command(
          program, "elasticsearch", "as snapshot lifecycle management decides",
          "Lines of standard input: NAME<TAB>STATE<TAB>START_MS, with SUCCESS, FAILED, PARTIAL or "
          "IN_PROGRESS. The policy as the cluster would apply it; holdfast prune also keeps the "
          "newest good snapshot, whatever the policy says.",
          "printf 'old\\tSUCCESS\\t1700000000000\\nnew\\tSUCCESS\\t1774000000000\\n' | holdfast "
          "retention plan elasticsearch --expire-after 30d --min-count 1 --why",
          arguments,
          {{"--expire-after", "such as 30d (default: never)", &to.expire_after},
           {"--min-count", "so many good ones stay (default: none)", &to.min_count},
           {"--max-count", "no more good ones stay (default: all)", &to.max_count},
           {"--now-ms", "the time, in milliseconds of Unix time (default: now)", &to.now_ms}},
          plan_elasticsearch),
      make_policy_command(
          program, "clickhouse", "the newest, and every one that a kept one needs",
          "Lines of standard input: NAME, or NAME<TAB>PARENT for one that builds on another; the "
          "oldest first. The newest always stays.",
          "printf 'full\\ninc\\tfull\\n' | holdfast retention plan clickhouse --keep 1 --why",
          arguments, {{"--keep", "how many; 0 keeps all", &to.keep, true}},
          [](const Program&, const PlanArguments& from) { return plan_clickhouse(from); }),
      make_policy_command(
          program, "victoria-metrics", "the newest dated copies, then one a week",
          "Lines of standard input: NAME<TAB>TIME, the time as RFC 3339. The newest always stays.",
          "printf 'a\\t2026-03-30T00:00:00Z\\nb\\t2026-03-31T00:00:00Z\\n' | holdfast retention "
          "plan "
          "victoria-metrics --keep-daily 1 --keep-weekly 0",
          arguments,
          {{"--keep-daily", "so many of the newest (default 7)", &to.keep_daily},
           {"--keep-weekly", "then one a week for so many weeks (default 4)", &to.keep_weekly}},
          [](const Program&, const PlanArguments& from) { return plan_victoria_metrics(from); }),
      make_policy_command(
          program, "stackgraph", "exports before a moment, by the time in their names",
          "Lines of standard input: NAME<TAB>TIME, the time as the name has it, such as "
          "20260331-0300; without one it stays. The newest always stays.",
          "printf 'b-20260101-0300.graph\\t20260101-0300\\n' | holdfast retention plan stackgraph "
          "--delta '30 days ago' --why",
          arguments,
          {{"--delta", "as backupRetentionTimeDelta, such as '30 days ago'", &to.delta, true},
           {"--now", "as seen from this time, RFC 3339 (default: now)", &to.now},
           {"--tz", "the time zone of the names, or local (default)", &to.zone}},
          plan_stackgraph)};
  return command;
}

}  // namespace

Command make_retention_command(Program& program) {
  Command command;
  command.name = "retention";
  command.summary = "tell what a retention means, before it is used";
  command.subcommands = {make_cutoff_command(program), make_plan_command(program)};
  return command;
}

}  // namespace holdfast::cli
