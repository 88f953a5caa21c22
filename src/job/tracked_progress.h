// Progress that can be looked at: where a run of the scheduler stands.
#pragma once

#include <mutex>
#include <string>

#include "base/log.h"
#include "base/progress.h"

namespace holdfast::job {

// Notes go to the log. Thread-safe.
class TrackedProgress : public Progress {
 public:
  struct Standing {
    std::string phase;
    std::uint64_t bytes = 0, total_bytes = 0, objects = 0, total_objects = 0;
  };

  explicit TrackedProgress(const Context& context) : context_(context) {}
  void phase(std::string_view name, std::uint64_t total_bytes,
             std::uint64_t total_objects) override {
    std::lock_guard lock(mutex_);
    standing_ = {std::string(name), 0, total_bytes, 0, total_objects};
  }
  void advance(std::uint64_t bytes, std::uint64_t objects) override {
    std::lock_guard lock(mutex_);
    standing_.bytes += bytes;
    standing_.objects += objects;
  }
  void belongs_to(std::string_view run_id) override {
    std::lock_guard lock(mutex_);
    run_ = run_id;
  }
  void note(std::string_view line) override {
    std::lock_guard lock(mutex_);
    log::info(context_.with_run(run_), line);
  }
  Standing standing() const {
    std::lock_guard lock(mutex_);
    return standing_;
  }
  void clear() {
    std::lock_guard lock(mutex_);
    standing_ = {};
    run_.clear();
  }

 private:
  Context context_;
  mutable std::mutex mutex_;
  Standing standing_;
  std::string run_;
};

}  // namespace holdfast::job
