// Threads that help a request with many small waits, such as reading the labels of a page.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace holdfast::storage {

// A few threads that all requests share, started by the first that has something for them.
// Thread-safe. The caller works too, so that a request is never worse off than alone.
class Helpers {
 public:
  explicit Helpers(std::size_t threads = 3) : limit_(threads) {}
  ~Helpers();
  Helpers(const Helpers&) = delete;
  Helpers& operator=(const Helpers&) = delete;

  // Calls `work` with every number below `count`, on several threads and in any order; returns when
  // all are done. The first thing thrown ends the work early and is thrown here.
  void each(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  struct Job {
    const std::function<void(std::size_t)>& work;
    const std::size_t count, stretch;
    std::atomic<std::size_t> next{0};
    std::size_t helping = 0;  // with the mutex, as all below
    std::exception_ptr failure;
  };
  void run(Job& job);
  void start_locked();
  void help();

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable wanted_, done_;
  std::deque<Job*> jobs_;  // that may have something left
  std::vector<std::thread> threads_;
  bool ending_ = false;
};

}  // namespace holdfast::storage
