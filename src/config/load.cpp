#include "config/load.h"

#include <algorithm>
#include <fmt/format.h>

#include "config/reader.h"
#include "config/rules.h"

namespace holdfast::config {

namespace {

constexpr std::size_t kMostProblems = 100;

void sort_and_cut(std::vector<Problem>& problems) {
  // What stands at no line, such as a variable of the environment, comes last.
  const auto place = [](const Problem& problem) {
    return problem.line > 0 ? std::pair(problem.line, problem.column) : std::pair(1 << 30, 0);
  };
  std::stable_sort(problems.begin(), problems.end(),
                   [&](const Problem& a, const Problem& b) { return place(a) < place(b); });
  if (problems.size() > kMostProblems) problems.resize(kMostProblems);
}

}  // namespace

Loaded examine(std::string_view yaml, std::string source, const Environment& environment) {
  Loaded loaded;
  loaded.source = std::move(source);
  NodePtr document = std::make_shared<const Node>();
  try {
    document = parse_document(yaml);
  } catch (const SyntaxError& error) {
    loaded.problems.push_back({"", error.line, error.column, error.why, "", "", error.advice});
  }
  const bool readable = loaded.problems.empty();
  Reader(loaded, environment).read(*document);
  derive(loaded);
  if (readable) {
    check_rules(loaded, environment);
    add_warnings(loaded);
  }
  sort_and_cut(loaded.problems);
  sort_and_cut(loaded.warnings);
  return loaded;
}

Loaded examine_file(const fs::path& path, const Environment& environment) {
  std::string text;
  try {
    text = read_file(path, DocumentLimits{}.bytes);
  } catch (const Error& error) {
    throw InvalidArgument("values file " + path.string(), error.reason(),
                          "give a readable values file of at most 8 MiB with -c");
  }
  return examine(text, path.string(), environment);
}

InvalidArgument to_error(const std::string& source, const Problem& problem, std::size_t further) {
  std::string what = source;
  if (problem.line > 0) what += fmt::format(":{}", problem.line);
  if (!problem.path.empty()) what += ": " + problem.path;
  std::vector<std::string> advice;
  if (!problem.nearest.empty()) advice.push_back("nearest known key: " + problem.nearest);
  if (!problem.allowed.empty()) advice.push_back("allowed: " + problem.allowed);
  if (!problem.advice.empty()) advice.push_back(problem.advice);
  if (further > 0) {
    advice.push_back(fmt::format("{} more: see holdfast config check", further));
  }
  return InvalidArgument(std::move(what), problem.why, fmt::format("{}", fmt::join(advice, "; ")));
}

Values load(std::string_view yaml, std::string source, const Environment& environment) {
  Loaded loaded = examine(yaml, std::move(source), environment);
  if (!loaded.problems.empty()) {
    throw to_error(loaded.source, loaded.problems.front(), loaded.problems.size() - 1);
  }
  return std::move(loaded.values);
}

Values load_file(const fs::path& path, const Environment& environment) {
  Loaded loaded = examine_file(path, environment);
  if (!loaded.problems.empty()) {
    throw to_error(loaded.source, loaded.problems.front(), loaded.problems.size() - 1);
  }
  return std::move(loaded.values);
}

}  // namespace holdfast::config
