#include "storage/folder/helpers.h"

#include <algorithm>
#include <system_error>

namespace holdfast::storage {

namespace {

constexpr std::size_t kLongestStretch = 32;  // numbers that a thread takes at once
constexpr std::size_t kWorthHelp = 8;        // fewer are done before a thread has woken

}  // namespace

Helpers::~Helpers() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wanted_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Helpers::each(std::size_t count, const std::function<void(std::size_t)>& work) {
  Job job{work, count, std::clamp<std::size_t>(count / 16, 1, kLongestStretch), {}, 0, nullptr};
  const bool shared = count >= kWorthHelp && limit_ > 0;
  if (shared) {
    std::lock_guard lock(mutex_);
    start_locked();
    jobs_.push_back(&job);
  }
  if (shared) wanted_.notify_all();
  run(job);
  if (shared) {
    std::unique_lock lock(mutex_);
    std::erase(jobs_, &job);
    done_.wait(lock, [&] { return job.helping == 0; });
  }
  if (job.failure) std::rethrow_exception(job.failure);
}

void Helpers::run(Job& job) {
  try {
    for (std::size_t at; (at = job.next.fetch_add(job.stretch)) < job.count;) {
      const std::size_t end = std::min(job.count, at + job.stretch);
      for (; at < end; ++at) job.work(at);
    }
  } catch (...) {
    job.next = job.count;
    std::lock_guard lock(mutex_);
    if (!job.failure) job.failure = std::current_exception();
  }
}

// With fewer threads than wanted, or none, the callers do the work.
void Helpers::start_locked() {
  try {
    while (threads_.size() < limit_) threads_.emplace_back([this] { help(); });
  } catch (const std::system_error&) {
    return;
  }
}

void Helpers::help() {
  std::unique_lock lock(mutex_);
  while (true) {
    wanted_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
    if (ending_) return;
    Job& job = *jobs_.front();
    ++job.helping;
    lock.unlock();
    run(job);
    lock.lock();
    std::erase(jobs_, &job);
    if (--job.helping == 0) done_.notify_all();
  }
}

}  // namespace holdfast::storage
