#include "base/worker_pool.h"

namespace holdfast {

WorkerPool::WorkerPool(const Context& context, std::size_t threads, std::size_t queue_limit)
    : context_(context.cancellable()),
      limit_(threads == 0 ? 1 : threads),
      queue_limit_(queue_limit == 0 ? limit_ * 2 : queue_limit) {}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
    if (running_ > 0) context_.cancel();
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::submit(std::function<void()> task) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return failure_ || waiting_.size() < queue_limit_; });
  if (failure_) std::rethrow_exception(failure_);
  waiting_.push_back(std::move(task));
  if (idle_ < waiting_.size() && threads_.size() < limit_) {
    threads_.emplace_back([this] { work(); });
  }
  changed_.notify_all();
}

void WorkerPool::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_.empty() && running_ == 0; });
  if (failure_) std::rethrow_exception(failure_);
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    std::function<void()> task = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    changed_.notify_all();
    lock.unlock();
    std::exception_ptr failure;
    try {
      task();
    } catch (...) {
      failure = std::current_exception();
    }
    task = nullptr;
    lock.lock();
    --running_;
    if (failure && !failure_) {
      failure_ = failure;
      waiting_.clear();
      context_.cancel();
    }
    changed_.notify_all();
  }
}

}  // namespace holdfast
