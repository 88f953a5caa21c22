#include "base/log.h"

#include <atomic>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace holdfast::log {

namespace {

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
// What is logged is then the rest of the object.
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

std::atomic<Format> chosen_format = Format::kText;

spdlog::logger& logger() {
  static std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("holdfast",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern(kTextPattern, spdlog::pattern_time_type::utc);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// What came from outside must not forge a second line.
std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return out;
}

// The size of the character of UTF-8 that `text` begins with, 0 if it is none.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t size = first < 0x80                    ? 1
                           : first >= 0xC2 && first < 0xE0 ? 2
                           : first >= 0xE0 && first < 0xF0 ? 3
                           : first >= 0xF0 && first < 0xF5 ? 4
                                                           : 0;
  if (size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Longer than needed, a surrogate, or beyond the last character.
  if (size > 2 && ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) >= 0xA0) ||
                   (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) >= 0x90))) {
    return 0;
  }
  return size;
}

// As the inside of a JSON string; bytes that are no UTF-8 become U+FFFD.
std::string json_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text[0]);
    const std::size_t size = character_size(text);
    if (size == 0) {
      out += "\xEF\xBF\xBD";
    } else if (first < 0x20 || first == 0x7F) {
      out += fmt::format("\\u{:04x}", first);
    } else {
      if (first == '"' || first == '\\') out += '\\';
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

std::string json_rest(const Context& context, std::string_view message) {
  std::string rest;
  if (!context.prefix().empty())
    rest += fmt::format(R"("scope":"{}",)", json_text(context.prefix()));
  if (!context.run().empty()) rest += fmt::format(R"("run":"{}",)", json_text(context.run()));
  return rest + fmt::format(R"("message":"{}")", json_text(message));
}

std::string text_rest(const Context& context, std::string_view message) {
  std::string scope = one_line(context.prefix());
  if (!context.run().empty()) {
    scope += fmt::format("{}run={}", scope.empty() ? "" : " ", one_line(context.run()));
  }
  return (scope.empty() ? "" : "[" + scope + "] ") + one_line(message);
}

}  // namespace

void set_level(Level level) { logger().set_level(level_of(level)); }

void set_format(Format format) {
  chosen_format = format;
  logger().set_pattern(format == Format::kJson ? kJsonPattern : kTextPattern,
                       spdlog::pattern_time_type::utc);
}

Format format() { return chosen_format; }

void write(Level level, const Context& context, std::string_view message) {
  if (!logger().should_log(level_of(level))) return;
  logger().log(
      level_of(level), "{}",
      format() == Format::kJson ? json_rest(context, message) : text_rest(context, message));
}

}  // namespace holdfast::log
