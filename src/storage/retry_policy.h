// When a failed request is tried again. One request is repeated by one policy only: that of
// with_retry (wrap/wrap.h), or that of a driver for bytes which it still holds.
#pragma once

#include <optional>
#include <string_view>

#include "base/context.h"
#include "base/error.h"

namespace holdfast::storage {

struct RetryOptions {
  unsigned attempts = 6;                                  // the first try included
  Duration first_pause = std::chrono::milliseconds(100);  // doubled each time, with jitter
  Duration longest_pause = std::chrono::seconds(10);
  // False: put(), copy(), remove() and uploads are left to the driver, which repeats their single
  // requests.
  bool writes = true;
};

// Thread-safe.
class RetryPolicy {
 public:
  explicit RetryPolicy(RetryOptions options) : options_(options) {}

  // Runs `work` until it succeeds, fails for good, or the attempts or the deadline are used up.
  // `again` is asked before every repetition and says whether one is possible (a body that cannot
  // be rewound is not).
  template <typename Work, typename Again>
  auto run(const Context& context, std::string_view what, Work work, Again again) const {
    for (unsigned attempt = 1;; ++attempt) {
      try {
        return work();
      } catch (const Unavailable& error) {
        auto pause = pause_before(context, attempt);
        if (!pause || !again()) throw;
        wait(context, *pause, what, error);
      }
    }
  }
  template <typename Work>
  auto run(const Context& context, std::string_view what, Work work) const {
    return run(context, what, std::move(work), [] { return true; });
  }

  const RetryOptions& options() const { return options_; }

 private:
  // nullopt: there is no further attempt.
  std::optional<Duration> pause_before(const Context& context, unsigned attempt) const;
  static void wait(const Context& context, Duration pause, std::string_view what,
                   const Error& error);

  RetryOptions options_;
};

}  // namespace holdfast::storage
