// Asks a server to stop when a context is cancelled.
#pragma once

#include <thread>

#include "base/context.h"
#include "base/error.h"
#include "http/server.h"

namespace holdfast::app {

// Both outlive it.
class Stopper {
 public:
  Stopper(const Context& context, http::Server& server)
      : context_(context.cancellable()), thread_([this, &server] {
          try {
            while (true) context_.sleep(std::chrono::hours(24), "serve");
          } catch (const Cancelled&) {
            server.request_stop();
          }
        }) {}
  ~Stopper() {
    context_.cancel();
    thread_.join();
  }
  Stopper(const Stopper&) = delete;
  Stopper& operator=(const Stopper&) = delete;

 private:
  Context context_;
  std::thread thread_;
};

}  // namespace holdfast::app
