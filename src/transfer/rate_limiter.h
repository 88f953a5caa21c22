// A token bucket on the context's clock: bytes a second, shared by any number of threads.
#pragma once

#include <mutex>
#include <optional>

#include "base/context.h"
#include "base/stream.h"

namespace holdfast::transfer {

class RateLimiter {
 public:
  // 0: unlimited.
  explicit RateLimiter(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}

  bool limited() const { return rate_ != 0; }
  // Books `bytes` and sleeps until those booked before have had their time; a bucket left alone
  // fills for a tenth of a second at most. Thread-safe. Throws as Context::sleep does.
  void take(const Context& context, std::uint64_t bytes);
  // How many threads can share the rate so that none of them starves so long that its peer hangs
  // up: one for each MiB a second, at least one, at most `wanted`.
  unsigned threads(unsigned wanted) const;

 private:
  const std::uint64_t rate_;
  std::mutex mutex_;
  std::optional<SteadyTime> due_;  // when all that was booked has had its time
};

// Another source, no faster than the limiter allows. Borrows all three.
class LimitedSource : public Source {
 public:
  LimitedSource(const Context& context, Source& inner, RateLimiter& limiter)
      : context_(context), inner_(inner), limiter_(limiter) {}
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return inner_.size(); }
  bool rewind() override { return inner_.rewind(); }

 private:
  const Context& context_;
  Source& inner_;
  RateLimiter& limiter_;
};

}  // namespace holdfast::transfer
