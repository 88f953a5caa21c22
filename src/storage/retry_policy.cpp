#include "storage/retry_policy.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.h"
#include "base/random.h"

namespace holdfast::storage {

namespace {

constexpr Duration kLongPause = std::chrono::seconds(1);

}  // namespace

std::optional<Duration> RetryPolicy::pause_before(const Context& context, unsigned attempt) const {
  if (attempt >= options_.attempts) return std::nullopt;
  Duration full = options_.first_pause * (1ll << std::min(attempt - 1, 20u));
  full = std::min(full, options_.longest_pause);
  // Between half of the pause and all of it, so that many clients do not come back at once.
  Duration pause = full / 2 + Duration(random_number() % std::uint64_t(full.count() / 2 + 1));
  auto left = context.remaining();
  if (left && *left <= pause) return std::nullopt;
  return pause;
}

void RetryPolicy::wait(const Context& context, Duration pause, std::string_view what,
                       const Error& error) {
  // Short trouble is nobody's business; what lasts is told before the next long pause.
  const auto level = pause < kLongPause ? log::Level::kDebug : log::Level::kWarning;
  log::write(level, context, fmt::format("{}: {}; trying again", what, error.to_string()));
  context.sleep(pause, what);
}

}  // namespace holdfast::storage
