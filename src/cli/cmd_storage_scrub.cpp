#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/program.h"
#include "cli/text.h"
#include "config/scalars.h"
#include "job/scrub.h"

namespace holdfast::cli {

namespace {

struct Arguments {
  std::vector<std::string> buckets;
  std::string max_bytes_per_second;
  bool direct = false, status = false;
};

nlohmann::ordered_json to_json(const catalog::ScrubPass& pass) {
  return {{"started", format_rfc3339(pass.started)},
          {"ended", format_rfc3339(pass.ended)},
          {"objects", pass.objects},
          {"bytes", pass.bytes},
          {"objects_without_checksum", pass.objects_without_checksum},
          {"problem_count", pass.problem_count},
          {"problems", pass.problems}};
}

void print(const Program& program, const catalog::ScrubPass& pass) {
  for (const std::string& problem : pass.problems) std::printf("%s\n", problem.c_str());
  if (pass.problem_count > pass.problems.size()) {
    std::printf("and %llu more\n",
                static_cast<unsigned long long>(pass.problem_count - pass.problems.size()));
  }
  const Duration age = program.context().clock().now() - pass.ended;
  std::printf("%llu objects, %s read whole, %llu problems; ended %s (%s ago)\n",
              static_cast<unsigned long long>(pass.objects), format_bytes(pass.bytes).c_str(),
              static_cast<unsigned long long>(pass.problem_count),
              format_rfc3339(pass.ended).c_str(), format_duration(age).c_str());
  if (pass.objects_without_checksum == 0) return;
  std::printf("%llu objects have no checksum to compare with: they could be read, that is all\n",
              static_cast<unsigned long long>(pass.objects_without_checksum));
}

int answer(Program& program, const catalog::ScrubPass& pass) {
  if (program.global().json()) {
    std::printf("%s\n", to_json(pass)
                            .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                            .c_str());
  } else {
    print(program, pass);
  }
  if (pass.problem_count == 0) return 0;
  throw Corrupt("storage scrub", std::to_string(pass.problem_count) + " objects are damaged",
                "make full backups of their stores while these are alive, and look at the disks");
}

std::uint64_t rate_of(const std::string& text) {
  try {
    return config::parse_size(text);
  } catch (const config::BadValue& error) {
    throw InvalidArgument("--max-bytes-per-second " + text, error.why,
                          "give bytes, or a number with k, M, G, Ki, Mi or Gi");
  }
}

int run(Program& program, const Arguments& arguments) {
  auto storage = program.open_storage(!arguments.direct);
  job::ScrubOptions options;
  options.catalog.bucket = program.values().holdfast.catalog.bucket_name;
  options.catalog.prefix = program.values().holdfast.catalog.prefix;
  if (arguments.status) {
    auto record = catalog::read_scrub_record(program.context(), *storage, options.catalog);
    if (record.last) return answer(program, *record.last);
    throw NotFound("storage scrub --status", "nothing was ever read whole",
                   "run holdfast storage scrub");
  }
  options.buckets = arguments.buckets;
  if (options.buckets.empty()) {
    for (const auto& [name, setting] : program.buckets()) options.buckets.push_back(name);
  }
  if (!arguments.max_bytes_per_second.empty()) {
    options.max_bytes_per_second = rate_of(arguments.max_bytes_per_second);
  }
  return answer(program, job::scrub(program.context(), *storage, options, program.progress()));
}

}  // namespace

Command make_scrub_command(Program& program) {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "scrub";
  command.summary = "read everything that is stored and find rot";
  command.description =
      "Reads every object of the buckets in use, as slowly as told, and compares it with its "
      "checksum.\nGoes on where it was when it is interrupted. Exit code 5 when something is "
      "damaged.";
  command.examples = {"holdfast -c values.yaml storage scrub --max-bytes-per-second 20M",
                      "holdfast -c values.yaml storage scrub --status"};
  command.options = {
      {"--bucket", "this bucket only (may be given again)", &arguments->buckets},
      {"--max-bytes-per-second", "such as 20M (default: as fast as it goes)",
       &arguments->max_bytes_per_second},
      {"--status", "only tell what the last whole reading found, and when", &arguments->status},
      {"--direct", "straight from the configured storage, for when the gateway is down",
       &arguments->direct},
  };
  command.run = [&program, arguments] { return run(program, *arguments); };
  return command;
}

}  // namespace holdfast::cli
