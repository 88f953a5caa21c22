#include "transfer/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace holdfast::transfer {

namespace {

constexpr Duration kSavedTime = std::chrono::milliseconds(100);
constexpr std::uint64_t kRateOfAThread = 1 << 20;
constexpr std::size_t kSlice = 64 * 1024;

}  // namespace

void RateLimiter::take(const Context& context, std::uint64_t bytes) {
  if (!limited()) return;
  // In double: a nanosecond's error in a day is nothing, and no product overflows.
  Duration cost(std::llround(double(bytes) / double(rate_) * 1e9));
  Duration pause;
  {
    std::lock_guard lock(mutex_);
    SteadyTime now = context.clock().steady();
    SteadyTime earliest = now + -kSavedTime;
    if (!due_ || *due_ < earliest) due_ = earliest;
    pause = *due_ - now;
    due_ = *due_ + cost;
  }
  if (pause > Duration::zero()) context.sleep(pause, "wait for the bandwidth limit");
}

unsigned RateLimiter::threads(unsigned wanted) const {
  if (!limited()) return wanted;
  return unsigned(std::clamp<std::uint64_t>(rate_ / kRateOfAThread, 1, std::max(wanted, 1u)));
}

std::size_t LimitedSource::read(std::span<char> into) {
  std::size_t count = inner_.read(into.first(std::min(into.size(), kSlice)));
  limiter_.take(context_, count);
  return count;
}

}  // namespace holdfast::transfer
