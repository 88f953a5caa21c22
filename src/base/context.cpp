#include "base/context.h"

#include <vector>

#include "base/error.h"

namespace holdfast {

// One node a context. A node that can be cancelled has its own flag; the others use their nearest
// ancestor's. All nodes of a tree share one mutex and one condition: contexts are few and sleeping
// ones fewer.
struct Context::State {
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
  };
  struct Flag {
    bool set = false;
    std::shared_ptr<Flag> parent;
    bool any() const {
      for (const Flag* one = this; one; one = one->parent.get()) {
        if (one->set) return true;
      }
      return false;
    }
  };
  Clock* clock = nullptr;
  std::shared_ptr<Shared> shared;
  std::shared_ptr<Flag> flag;
  std::optional<SteadyTime> deadline;
  std::string prefix, run;
};

Context Context::background() { return with_clock(system_clock()); }

Context Context::with_clock(Clock& clock) {
  auto state = std::make_shared<State>();
  state->clock = &clock;
  state->shared = std::make_shared<State::Shared>();
  state->flag = std::make_shared<State::Flag>();
  return Context(std::move(state));
}

Context Context::named(std::string_view name) const {
  auto state = std::make_shared<State>(*state_);
  if (!state->prefix.empty()) state->prefix += ' ';
  state->prefix += name;
  return Context(std::move(state));
}

Context Context::with_run(std::string_view id) const {
  auto state = std::make_shared<State>(*state_);
  state->run = id;
  return Context(std::move(state));
}

Context Context::detached() const {
  Context fresh = with_clock(clock());
  fresh.state_->prefix = state_->prefix;
  fresh.state_->run = state_->run;
  return fresh;
}

Context Context::with_timeout(Duration timeout) const {
  auto state = std::make_shared<State>(*state_);
  SteadyTime end = state->clock->steady() + timeout;
  if (!state->deadline || end < *state->deadline) state->deadline = end;
  return Context(std::move(state));
}

Context Context::cancellable() const {
  auto state = std::make_shared<State>(*state_);
  state->flag = std::make_shared<State::Flag>();
  state->flag->parent = state_->flag;
  return Context(std::move(state));
}

void Context::cancel() const {
  std::lock_guard lock(state_->shared->mutex);
  state_->flag->set = true;
  state_->shared->changed.notify_all();
}

bool Context::cancelled() const {
  std::lock_guard lock(state_->shared->mutex);
  return state_->flag->any();
}

void Context::check(std::string_view what) const {
  if (cancelled()) throw Cancelled(std::string(what), "told to stop");
  if (state_->deadline && state_->clock->steady() >= *state_->deadline) {
    throw DeadlineExceeded(std::string(what), "took longer than it was given");
  }
}

std::optional<Duration> Context::remaining() const {
  if (!state_->deadline) return std::nullopt;
  return std::max(Duration::zero(), *state_->deadline - state_->clock->steady());
}

Duration Context::remaining_or(Duration most) const {
  auto left = remaining();
  return left ? std::min(*left, most) : most;
}

void Context::sleep(Duration time, std::string_view what) const {
  SteadyTime until = state_->clock->steady() + time;
  if (state_->deadline && *state_->deadline < until) until = *state_->deadline;
  {
    std::unique_lock lock(state_->shared->mutex);
    while (!state_->flag->any() && state_->clock->steady() < until) {
      state_->clock->wait(lock, state_->shared->changed, until);
    }
  }
  check(what);
}

Clock& Context::clock() const { return *state_->clock; }

const std::string& Context::prefix() const { return state_->prefix; }

const std::string& Context::run() const { return state_->run; }

}  // namespace holdfast
