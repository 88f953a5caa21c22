#include "job/hooks.h"

#include <fmt/format.h>

#include "base/child.h"
#include "base/error.h"

namespace holdfast::job {

namespace {

constexpr std::size_t kLongestLine = 300;

// For people: without control characters.
std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  text = text.substr(text.rfind('\n') + 1);
  if (text.size() > kLongestLine) text.resize(kLongestLine);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

}  // namespace

HookPair::HookPair(const Context& context, const Hook& before, const Hook& after,
                   std::map<std::string, std::string> facts, Progress& progress)
    : context_(context),
      before_(before),
      after_(after),
      facts_(std::move(facts)),
      progress_(progress) {}

void HookPair::run(const Context& context, const Hook& hook, const std::string& which) {
  if (hook.command.empty()) return;
  const std::string what = fmt::format("run the hook {} ({})", which, hook.command.front());
  progress_.note("hook " + which + ": " + hook.command.front());
  std::string why;
  try {
    const CommandResult result = run_command(context.with_timeout(hook.timeout),
                                             {.arguments = hook.command, .environment = facts_});
    if (result.status == 0) return;
    why = fmt::format("status {}", result.status);
    const std::string line = last_line(result.output);
    if (!line.empty()) why += ": " + line;
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    why = error.reason();
  }
  if (!hook.may_fail) {
    throw Failed(what, why, "mend it, or set its onError to continue");
  }
  warnings_.push_back(what + ": " + why);
}

void HookPair::before() {
  begun_ = true;
  facts_["HOLDFAST_OUTCOME"] = "";
  run(context_, before_, "before" + facts_["HOLDFAST_KIND"]);
}

void HookPair::after(bool succeeded) {
  if (!begun_) return;
  begun_ = false;
  facts_["HOLDFAST_OUTCOME"] = succeeded ? "success" : "failure";
  const Context closing = context_.detached();
  run(closing, after_, "after" + facts_["HOLDFAST_KIND"]);
}

}  // namespace holdfast::job
