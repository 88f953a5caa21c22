// The program's log: one line an event on standard error, `time level [prefix run=ID] message`, or
// one JSON object a line: time, level, scope (the prefix), run, message. Times are UTC with
// milliseconds. Thread-safe. Secrets never reach it: they live in Secret (base/secret.h), which
// does not convert to text by itself.
#pragma once

#include <string_view>

#include "base/context.h"

namespace holdfast::log {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format { kText, kJson };

// Both take effect for the lines that come after.
void set_level(Level level);
void set_format(Format format);
Format format();

void write(Level level, const Context& context, std::string_view message);

inline void debug(const Context& context, std::string_view message) {
  write(Level::kDebug, context, message);
}
inline void info(const Context& context, std::string_view message) {
  write(Level::kInfo, context, message);
}
inline void warning(const Context& context, std::string_view message) {
  write(Level::kWarning, context, message);
}
inline void error(const Context& context, std::string_view message) {
  write(Level::kError, context, message);
}

}  // namespace holdfast::log
