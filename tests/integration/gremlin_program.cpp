// The Gremlin client of a graph alone, for tests and measurements:
//   gremlin_program export|import|measure|empty|check URL [FILE] [NAME=VALUE...]
// prints what it found as JSON; an error as the one line that people get, and its exit code.
// NAMEs: force, traversal, streams, user, password (the name of the variable that holds it), ca,
// keep_ids, request_bytes, answer_timeout (ms), idle_timeout (ms).
#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "datastore/stackgraph/gremlin/gremlin_tool.h"

namespace {

using namespace holdfast;
using datastore::Measurement;
using datastore::sg::GremlinOptions;

// Tells the phases on standard output, a line each, so that a test knows when to cut.
class PrintedProgress : public Progress {
 public:
  void phase(std::string_view name, std::uint64_t, std::uint64_t) override { print("phase", name); }
  void advance(std::uint64_t, std::uint64_t objects) override {
    print("advance", std::to_string(objects));
  }
  void note(std::string_view line) override { print("note", line); }

 private:
  static void print(std::string_view kind, std::string_view text) {
    std::printf("%.*s %.*s\n", int(kind.size()), kind.data(), int(text.size()), text.data());
    std::fflush(stdout);
  }
};

void print(const Measurement& found) {
  const nlohmann::json json{{"counts", found.counts}, {"hashes", found.hashes}};
  std::printf("%s\n", json.dump().c_str());
}

int run(const std::string& verb, const GremlinOptions& options, const fs::path& file, bool force) {
  const Context context = Context::background();
  const auto tool = datastore::sg::make_gremlin_tool(options);
  PrintedProgress progress;
  if (verb == "export") {
    print(tool->export_graph(context, file, progress));
  } else if (verb == "import") {
    tool->check_file(context, file);
    tool->import_graph(context, file, force, progress);
    print(tool->measure(context));
  } else if (verb == "measure") {
    print(tool->measure(context));
  } else if (verb == "empty") {
    std::printf("%s\n", tool->is_empty(context).value() ? "true" : "false");
  } else if (verb == "check") {
    tool->check_file(context, file);
  } else {
    throw InvalidArgument("gremlin_program", "no such verb: " + verb);
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) return 2;
  std::map<std::string, std::string> given;
  fs::path file;
  for (int i = 3; i < count; ++i) {
    const std::string word = words[i];
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      file = word;
    } else {
      given[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  try {
    GremlinOptions options;
    options.url = words[2];
    options.user = given["user"];
    if (const char* password = std::getenv(given["password"].c_str())) {
      options.password = Secret(password);
    }
    options.ca_file = given["ca"];
    if (!given["traversal"].empty()) options.traversal = given["traversal"];
    options.keep_ids = given["keep_ids"] != "false";
    const auto number = [&](const char* name, auto fallback) {
      return given[name].empty() ? fallback : decltype(fallback)(std::stoull(given[name]));
    };
    options.streams = number("streams", options.streams);
    options.request_bytes = number("request_bytes", options.request_bytes);
    options.answer_timeout =
        std::chrono::milliseconds(number("answer_timeout", std::uint64_t(600'000)));
    options.idle_timeout = std::chrono::milliseconds(number("idle_timeout", std::uint64_t(60'000)));
    return run(words[1], options, file, given["force"] == "true");
  } catch (const Error& error) {
    std::fprintf(stderr, "holdfast: %s\n", error.what());
    return exit_code(error);
  }
}
