// SIGINT and SIGTERM become a cancelled context; SIGPIPE is ignored.
#pragma once

#include <functional>
#include <memory>

#include "base/context.h"

namespace holdfast::app {

// Blocks the signals in this and all later threads and waits for them in a thread of its own, which
// calls `on_signal` once; a second signal ends the process at once. To be made before any other
// thread.
class SignalWatch {
 public:
  explicit SignalWatch(std::function<void(int)> on_signal);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::app
