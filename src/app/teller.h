// Between the scheduler and the notifier: what the one finds is told by the other, and what was
// told is kept with the store's schedule.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/values.h"
#include "job/notify/notifier.h"
#include "job/scheduler.h"

namespace holdfast::app {

// Thread-safe.
class Teller {
 public:
  // `allowed`: how late a task may be, as the scheduler has it.
  Teller(const Context& context, const config::Notifications& values, Duration allowed);
  // Keeps nothing more: the scheduler may be gone.
  ~Teller() { scheduler_ = nullptr; }
  Teller(const Teller&) = delete;
  Teller& operator=(const Teller&) = delete;

  // For SchedulerOptions::on_status.
  void look(const job::StoreStatus& status, const std::map<std::string, std::string>& told);
  // Where it is kept what was told. Before the scheduler's start(); borrowed until end().
  void keep_in(job::Scheduler& scheduler) { scheduler_ = &scheduler; }
  // Tells what is in hand, within the notifier's grace, and nothing more. Before the scheduler's
  // stop(), which ends the keeping.
  void end();
  std::vector<job::Notifier::Count> counts() const;

 private:
  void keep(const job::Event& event);

  const Context context_;
  const job::Telling telling_;
  std::atomic<job::Scheduler*> scheduler_ = nullptr;
  mutable std::mutex mutex_;
  std::unique_ptr<job::Notifier> notifier_;  // none: it has ended
};

}  // namespace holdfast::app
