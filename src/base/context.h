// Deadline, cancellation, clock, log prefix and run, travelling together. The first argument of
// everything that does I/O.
//
// A Context is a small value: copy it freely, also to other threads. A child can only shorten the
// deadline, so that nested work never outlives its outer promise. Cancelling a context cancels its
// children, not its parent.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace holdfast {

class Context {
 public:
  // Without deadline, never cancelled, on the machine's clock.
  static Context background();
  static Context with_clock(Clock& clock);

  // The same context with `name` added to its log prefix.
  Context named(std::string_view name) const;
  // The same context, working for the run with this id: every line that is logged with it says so.
  Context with_run(std::string_view id) const;
  // The same clock, log prefix and run, without deadline and not cancelled with this one: for
  // tidying up after work that was told to stop.
  Context detached() const;
  // Ends at the earlier of this context's deadline and now + `timeout`.
  Context with_timeout(Duration timeout) const;
  // Can be cancelled on its own, and is cancelled when this one is.
  Context cancellable() const;

  // Wakes every sleep of this context and its children; check() throws from now on. Thread-safe.
  // Not to be called from a signal handler.
  void cancel() const;
  bool cancelled() const;
  // Throws Cancelled or DeadlineExceeded; `what` names the operation that is given up.
  void check(std::string_view what) const;
  // Time left until the deadline; nullopt without one; never negative.
  std::optional<Duration> remaining() const;
  // min(remaining(), most).
  Duration remaining_or(Duration most) const;
  // Sleeps for `time`; throws as check() does when cancelled or when the deadline comes first.
  void sleep(Duration time, std::string_view what) const;

  Clock& clock() const;
  const std::string& prefix() const;
  const std::string& run() const;  // empty outside of runs

 private:
  struct State;
  explicit Context(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace holdfast
