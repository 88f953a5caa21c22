#include "app/signals.h"

#include <memory>
#include <pthread.h>
#include <signal.h>
#include <thread>
#include <unistd.h>

namespace holdfast::app {

struct SignalWatch::State {
  std::function<void(int)> on_signal;
  std::thread thread;
};

namespace {

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  // Of a terminal that is gone, unless it was started to outlive that (nohup).
  struct sigaction hangup{};
  if (::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
    sigaddset(&set, SIGHUP);
  }
  sigaddset(&set, SIGUSR2);  // our own: ends the watch
  return set;
}

}  // namespace

SignalWatch::SignalWatch(std::function<void(int)> on_signal) : state_(std::make_unique<State>()) {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  state_->on_signal = std::move(on_signal);
  state_->thread = std::thread([state = state_.get(), set] {
    int number = 0;
    bool told = false;
    while (sigwait(&set, &number) == 0 && number != SIGUSR2) {
      if (told) ::_exit(128 + number);
      told = true;
      state->on_signal(number);
    }
  });
}

SignalWatch::~SignalWatch() {
  pthread_kill(state_->thread.native_handle(), SIGUSR2);
  state_->thread.join();
}

}  // namespace holdfast::app
