// The program's log: one line an event on standard error, `time level [prefix] message`.
// Thread-safe. Secrets never reach it: they live in Secret (base/secret.h), which does not convert
// to text by itself.
#pragma once

#include <string_view>

#include "base/context.h"

namespace holdfast::log {

enum class Level { kDebug, kInfo, kWarning, kError };

void set_level(Level level);
void write(Level level, std::string_view prefix, std::string_view message);

inline void debug(const Context& context, std::string_view message) {
  write(Level::kDebug, context.prefix(), message);
}
inline void info(const Context& context, std::string_view message) {
  write(Level::kInfo, context.prefix(), message);
}
inline void warning(const Context& context, std::string_view message) {
  write(Level::kWarning, context.prefix(), message);
}
inline void error(const Context& context, std::string_view message) {
  write(Level::kError, context.prefix(), message);
}

}  // namespace holdfast::log
