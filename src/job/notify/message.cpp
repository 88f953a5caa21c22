#include "job/notify/message.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace holdfast::job {

namespace {

constexpr std::size_t kMostError = 2000;
constexpr std::size_t kMostTemplate = 16 * 1024;

std::string error_of(const Event& event) {
  if (event.error.size() <= kMostError) return event.error;
  return event.error.substr(0, kMostError) + "...";
}

std::string hours_and_minutes(Duration time) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time).count();
  if (minutes < 60) return fmt::format("{} min", minutes);
  if (minutes < 48 * 60) return fmt::format("{} h {} min", minutes / 60, minutes % 60);
  return fmt::format("{} days", minutes / 60 / 24);
}

std::string moment(const std::optional<WallTime>& time) {
  return time ? format_rfc3339(*time) : "";
}

std::string late_advice(const Event& event) {
  if (!event.paused_by.empty()) {
    return fmt::format("; it was paused by {}: resume it", event.paused_by);
  }
  return fmt::format("; see holdfast status, and the log of holdfast run");
}

struct Placeholder {
  std::string_view name;
  std::string (*value)(const Event&);
};
const std::array kPlaceholders = {
    Placeholder{"store", [](const Event& event) { return event.store; }},
    Placeholder{"task", [](const Event& event) { return event.task; }},
    Placeholder{"occasion",
                [](const Event& event) { return std::string(name_of(event.occasion)); }},
    Placeholder{"message", [](const Event& event) { return line_of(event); }},
    Placeholder{"time", [](const Event& event) { return format_rfc3339(event.when); }},
    Placeholder{"run", [](const Event& event) { return event.run; }},
    Placeholder{"outcome", [](const Event& event) { return event.outcome; }},
    Placeholder{"error", error_of},
    Placeholder{"lateness_seconds",
                [](const Event& event) {
                  return std::to_string(
                      std::chrono::duration_cast<std::chrono::seconds>(event.lateness).count());
                }},
    Placeholder{"last_success", [](const Event& event) { return moment(event.last_success); }},
};

const Placeholder* placeholder_named(std::string_view name) {
  const auto* found = std::find_if(kPlaceholders.begin(), kPlaceholders.end(),
                                   [&](const Placeholder& one) { return one.name == name; });
  return found == kPlaceholders.end() ? nullptr : found;
}

std::string escaped(const std::string& value) {
  const std::string quoted =
      nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

// The name of the placeholder that begins at `at`, a brace: "{store}". Empty when none does.
std::string_view name_at(std::string_view pattern, std::size_t at) {
  std::size_t end = at + 1;
  while (end < pattern.size() &&
         ((pattern[end] >= 'a' && pattern[end] <= 'z') || pattern[end] == '_')) {
    ++end;
  }
  if (end == pattern.size() || pattern[end] != '}') return {};
  return pattern.substr(at + 1, end - at - 1);
}

std::string known_names() {
  std::string names;
  for (const Placeholder& one : kPlaceholders) names += fmt::format(" {{{}}}", one.name);
  return names;
}

}  // namespace

std::string line_of(const Event& event) {
  std::string about = event.store + ": " + event.task;
  switch (event.occasion) {
    case Occasion::kFailure:
      return fmt::format("{} failed: {}", about, error_of(event));
    case Occasion::kLate:
      return fmt::format("{} is late by {}{}", about, hours_and_minutes(event.lateness),
                         late_advice(event));
    case Occasion::kRecovery:
      return fmt::format("{} is well again", about);
    case Occasion::kTest:
      return "this is a test: what goes wrong with backups will be told here";
  }
  return about;
}

std::string subject_of(const Event& event) {
  if (event.occasion == Occasion::kTest) return "holdfast: a test";
  constexpr std::array<std::string_view, 3> kWords = {"failed", "is late", "is well again"};
  return fmt::format("holdfast: {}: {} {}", event.store, event.task,
                     kWords[static_cast<std::size_t>(event.occasion)]);
}

std::string text_of(const Event& event) {
  std::string text = line_of(event) + "\n";
  if (event.occasion == Occasion::kTest) return text;
  text += "\n";
  const auto fact = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) text += fmt::format("{:<14}{}\n", name, value);
  };
  fact("store", event.store);
  fact("task", event.task);
  fact("run", event.run);
  fact("outcome", event.outcome);
  fact("last success", event.last_success ? moment(event.last_success) : "never");
  if (event.lateness > Duration::zero()) fact("late by", hours_and_minutes(event.lateness));
  fact("paused by", event.paused_by);
  fact("noticed", format_rfc3339(event.when));
  return text;
}

std::string render(std::string_view pattern, const Event& event) {
  std::string out;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const std::string_view name = pattern[at] == '{' ? name_at(pattern, at) : std::string_view();
    const Placeholder* placeholder = name.empty() ? nullptr : placeholder_named(name);
    if (!placeholder) {
      out += pattern[at];
      continue;
    }
    out += escaped(placeholder->value(event));
    at += name.size() + 1;
  }
  return out;
}

void check_template(std::string_view pattern) {
  const std::string what = "the template";
  if (pattern.size() > kMostTemplate) {
    throw InvalidArgument(what, fmt::format("longer than {} bytes", kMostTemplate));
  }
  for (std::size_t at = pattern.find('{'); at != std::string_view::npos;
       at = pattern.find('{', at + 1)) {
    const std::string_view name = name_at(pattern, at);
    if (!name.empty() && !placeholder_named(name)) {
      throw InvalidArgument(what, fmt::format("{{{}}} is not known", name),
                            "these are:" + known_names());
    }
  }
  // With nothing known, and with all: outside quotes, or after a backslash, a value is no text.
  Event full;
  full.store = full.task = full.run = full.outcome = full.error = "x";
  full.lateness = std::chrono::seconds(10);
  full.last_success = full.when;
  for (const Event& event : {Event{}, full}) {
    if (nlohmann::json::accept(render(pattern, event))) continue;
    throw InvalidArgument(what, "what it makes is not JSON",
                          "quote each text, as in {\"text\": \"{message}\"}");
  }
}

}  // namespace holdfast::job
