#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/program.h"
#include "cli/text.h"

namespace holdfast::cli {

namespace {

struct Arguments {
  std::string store, name;
  bool deep = false, direct = false;
};

void print_lines(const char* prefix, const std::vector<std::string>& lines, std::uint64_t more) {
  for (const std::string& line : lines) std::printf("%s%s\n", prefix, line.c_str());
  if (more > 0) std::printf("%sand %llu more\n", prefix, static_cast<unsigned long long>(more));
}

std::string advice_for(const std::string& store) {
  if (store_named(store) == config::Store::kElasticsearch) {
    // Its next snapshots would use the damaged file again.
    return "give the repository a new folder while the store is alive "
           "(backup.elasticsearch.s3Prefix, then elasticsearch register --reconfigure) and back up";
  }
  return "make a full backup while the store is alive: holdfast backup " + store + " --full";
}

int run(Program& program, const Arguments& arguments) {
  OpenStore store = program.open({store_named(arguments.store), arguments.direct, true, {}});
  datastore::VerifyReport report =
      store.engine->verify(program.context(), {arguments.name, arguments.deep}, program.progress());
  if (program.global().json()) {
    nlohmann::json json = {{"store", arguments.store},
                           {"objects", report.objects},
                           {"bytes", report.bytes},
                           {"objects_without_checksum", report.objects_without_checksum},
                           {"problems", report.problems},
                           {"more_problems", report.more_problems},
                           {"warnings", report.warnings},
                           {"more_warnings", report.more_warnings}};
    std::printf("%s\n", json.dump(2).c_str());
  } else {
    print_lines("", report.problems, report.more_problems);
    print_lines("warning: ", report.warnings, report.more_warnings);
    std::printf("%s: %llu objects, %s, %llu problems%s\n", arguments.store.c_str(),
                static_cast<unsigned long long>(report.objects), format_bytes(report.bytes).c_str(),
                static_cast<unsigned long long>(report.problems.size()) + report.more_problems,
                arguments.deep ? "" : " (names and sizes; --deep reads every byte)");
    if (arguments.deep && report.objects_without_checksum > 0) {
      std::printf("%llu objects have no recorded checksum: another tool wrote them\n",
                  static_cast<unsigned long long>(report.objects_without_checksum));
    }
  }
  if (report.problems.empty()) return 0;
  throw Corrupt("verify " + arguments.store, report.problems.front(), advice_for(arguments.store));
}

}  // namespace

Command make_verify_command(Program& program) {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "verify";
  command.summary = "check that backups are whole";
  command.description =
      "Compares names and sizes with what was recorded; --deep reads and hashes every byte.";
  command.examples = {
      "holdfast -c values.yaml verify victoria-metrics-0",
      "holdfast -c values.yaml verify victoria-metrics-0 victoria-metrics-0-20231128160000 --deep"};
  command.options = {
      {"STORE", "whose backups", &arguments->store, true},
      {"NAME", "which one (default: all)", &arguments->name},
      {"--deep", "read every byte", &arguments->deep},
      {"--direct", "straight from the configured storage, for when the gateway is down",
       &arguments->direct},
  };
  command.run = [&program, arguments] { return run(program, *arguments); };
  return command;
}

}  // namespace holdfast::cli
