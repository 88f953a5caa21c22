#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/program.h"
#include "cli/text.h"
#include "job/storage_check.h"
#include "storage/s3/s3_policy.h"

namespace holdfast::cli {

namespace {

struct Arguments {
  std::vector<std::string> buckets;
  bool through_gateway = false;
  bool print_policy = false;
};

std::vector<std::string> wanted_buckets(Program& program, const Arguments& arguments) {
  if (!arguments.buckets.empty()) return arguments.buckets;
  std::vector<std::string> names;
  for (const auto& [name, setting] : program.buckets()) names.push_back(name);
  return names;
}

int print_policy(Program& program, const Arguments& arguments) {
  if (program.values().minio.storage_kind != config::StorageKind::kS3) {
    throw InvalidArgument("storage check --print-policy", "the storage is not of the S3 kind",
                          "set minio.s3gateway.enabled");
  }
  const std::string policy = storage::s3_policy(wanted_buckets(program, arguments));
  if (program.global().json()) {
    const nlohmann::ordered_json all = {
        {"policy", nlohmann::ordered_json::parse(policy)},
        {"lifecycle", nlohmann::ordered_json::parse(storage::s3_lifecycle())}};
    std::printf("%s\n", all.dump(2).c_str());
    return 0;
  }
  std::printf("%s\n", policy.c_str());
  std::fprintf(stderr,
               "The policy lets nobody remove unfinished uploads. Give each bucket this lifecycle "
               "configuration, so that AWS does:\n%s\n",
               storage::s3_lifecycle().c_str());
  return 0;
}

nlohmann::ordered_json to_json(const job::StorageJudgement& judgement) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const job::StorageFinding& finding : judgement.findings) {
    findings.push_back({{"what", finding.what},
                        {"verdict", job::name_of(finding.verdict)},
                        {"seen", finding.seen},
                        {"advice", finding.advice}});
  }
  return {{"bucket", judgement.bucket},
          {"verdict", job::name_of(judgement.worst())},
          {"findings", findings}};
}

void print_table(const job::StorageJudgement& judgement) {
  std::printf("bucket %s: %s\n", judgement.bucket.c_str(),
              std::string(job::name_of(judgement.worst())).c_str());
  std::vector<std::vector<std::string>> rows;
  for (const job::StorageFinding& finding : judgement.findings) {
    std::string text = finding.seen;
    if (!finding.advice.empty()) text += (text.empty() ? "" : "; ") + finding.advice;
    rows.push_back({"  " + finding.what, std::string(job::name_of(finding.verdict)), text});
  }
  std::printf("%s", format_table(rows).c_str());
}

std::unique_ptr<storage::Storage> open(Program& program, const Arguments& arguments) {
  try {
    return program.open_storage(arguments.through_gateway);
  } catch (const Refused& error) {
    throw Refused(error.subject(), error.reason(), "judge it through its gateway: give --gateway");
  }
}

int run(Program& program, const Arguments& arguments) {
  if (arguments.print_policy) return print_policy(program, arguments);
  auto storage = open(program, arguments);
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  bool failed = false;
  for (const std::string& bucket : wanted_buckets(program, arguments)) {
    const job::StorageJudgement judgement = job::check_storage(
        program.context(), *storage, {bucket, program.values().holdfast.catalog.prefix});
    failed = failed || judgement.worst() == job::Verdict::kFailed;
    if (program.global().json()) {
      all.push_back(to_json(judgement));
    } else {
      print_table(judgement);
    }
  }
  if (program.global().json()) {
    std::printf("%s\n", all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  }
  return failed ? 1 : 0;
}

Command make_check(Program& program) {
  auto arguments = std::make_shared<Arguments>();
  Command check;
  check.name = "check";
  check.summary = "judge the configured storage before trusting it";
  check.description =
      "Writes, reads, lists, copies and deletes small objects in every bucket in use, and uploads "
      "one in parts.\nSays what is missing and what to do. Removes what it wrote. Exit code 1 when "
      "backups or restores would fail;\nwarnings alone exit 0.";
  check.examples = {"holdfast -c values.yaml storage check",
                    "holdfast -c values.yaml storage check --bucket sts-stackgraph-backup",
                    "holdfast -c values.yaml storage check --print-policy > policy.json"};
  check.options = {
      {"--bucket", "this bucket only (may be given again)", &arguments->buckets},
      {"--gateway", "through the running gateway, which a folder allows to one program at a time",
       &arguments->through_gateway},
      {"--print-policy", "print what the access key at AWS must be allowed, and do nothing",
       &arguments->print_policy},
  };
  check.run = [&program, arguments] { return run(program, *arguments); };
  return check;
}

}  // namespace

Command make_storage_command(Program& program) {
  Command command;
  command.name = "storage";
  command.summary = "judge the storage that holds the backups, and find rot in it";
  command.subcommands = {make_check(program), make_scrub_command(program)};
  return command;
}

}  // namespace holdfast::cli
