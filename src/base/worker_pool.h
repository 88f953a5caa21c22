// A bounded number of threads for a bounded piece of work.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/context.h"

namespace holdfast {

// Runs tasks on up to `threads` threads, started as needed. submit() blocks while `queue_limit`
// tasks wait, so a producer cannot run ahead. The first exception of a task cancels the pool's
// context, drops what waits and is rethrown by the next submit() or by finish(). Submit from one
// thread at a time; tasks may run in any order.
class WorkerPool {
 public:
  WorkerPool(const Context& context, std::size_t threads, std::size_t queue_limit = 0);
  // Drops what waits, cancels the context and joins. Call finish() to learn of failures.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // The context that tasks should use: cancelled when one of them fails.
  const Context& context() const { return context_; }
  void submit(std::function<void()> task);
  // Waits until every task is done; rethrows the first failure.
  void finish();

 private:
  void work();

  Context context_;
  const std::size_t limit_, queue_limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;
  std::size_t running_ = 0, idle_ = 0;
  std::exception_ptr failure_;
  bool stopping_ = false;
};

}  // namespace holdfast
