#include <cstdio>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "cli/program.h"
#include "cli/text.h"

namespace holdfast::cli {

namespace {

struct Result {
  std::string channel, error;  // empty: it was taken
};

Result try_channel(Program& program, job::Channel& channel) {
  job::Event event;
  event.occasion = job::Occasion::kTest;
  event.when = program.context().clock().now();
  Result result{std::string(channel.name()), ""};
  try {
    channel.send(program.context(), event, random_hex(16));
  } catch (const Error& error) {
    program.context().check("send a test");
    result.error = error.to_string();
  }
  return result;
}

void print(Program& program, const std::vector<Result>& results) {
  if (program.global().json()) {
    nlohmann::json json = nlohmann::json::array();
    for (const Result& result : results) {
      json.push_back(
          {{"channel", result.channel},
           {"sent", result.error.empty()},
           {"error", result.error.empty() ? nlohmann::json() : nlohmann::json(result.error)}});
    }
    std::printf("%s\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    return;
  }
  for (const Result& result : results) {
    std::printf("%s\n", result.error.empty()
                            ? fmt::format("{}: sent", result.channel).c_str()
                            : fmt::format("{}: {}", result.channel, result.error).c_str());
  }
}

int send_test(Program& program) {
  const auto channels = program.open_channels();
  if (channels.empty()) {
    throw InvalidArgument("send a test", "no way of telling people is set",
                          "set holdfast.notifications.webhook.url or smtp.host");
  }
  std::vector<Result> results;
  std::size_t failed = 0;
  for (const auto& channel : channels) {
    results.push_back(try_channel(program, *channel));
    if (!results.back().error.empty()) ++failed;
  }
  print(program, results);
  if (failed > 0) {
    throw Failed("send a test", fmt::format("{} of {} ways failed", failed, channels.size()),
                 "see what is said of each above");
  }
  return 0;
}

}  // namespace

Command make_notify_command(Program& program) {
  Command test;
  test.name = "test";
  test.summary = "send a test message by every way that is set";
  test.description =
      "Tries the webhook and the mail server of holdfast.notifications once each, and says what "
      "came of it.";
  test.examples = {"holdfast -c values.yaml notify test"};
  test.run = [&program] { return send_test(program); };
  Command command;
  command.name = "notify";
  command.summary = "what people are told of failures";
  command.subcommands.push_back(std::move(test));
  return command;
}

}  // namespace holdfast::cli
