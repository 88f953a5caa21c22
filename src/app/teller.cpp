#include "app/teller.h"

#include <exception>
#include <memory>

#include "app/notifications.h"
#include "base/log.h"

namespace holdfast::app {

Teller::Teller(const Context& context, const config::Notifications& values, Duration allowed)
    : context_(context.named("notifications")), telling_{occasions(values), allowed} {
  notifier_ = std::make_unique<job::Notifier>(context_, job::NotifierOptions{},
                                              job::make_channels(channel_options(values)),
                                              [this](const job::Event& event) { keep(event); });
}

void Teller::look(const job::StoreStatus& status, const std::map<std::string, std::string>& told) {
  const auto events = job::events_of(status, told, telling_, context_.clock().now());
  const std::lock_guard lock(mutex_);
  if (!notifier_) return;
  for (const job::Event& event : events) notifier_->tell(event);
}

void Teller::keep(const job::Event& event) {
  job::Scheduler* scheduler = scheduler_;
  if (!scheduler) return;
  try {
    scheduler->store(event.store).note_told(event);
  } catch (const std::exception& error) {
    log::warning(context_, std::string("what was told is not kept yet: ") + error.what());
  }
}

void Teller::end() {
  std::unique_ptr<job::Notifier> ending;
  {
    const std::lock_guard lock(mutex_);
    ending = std::move(notifier_);
  }
  // Waits for what is in hand, which keep() still has to keep.
  ending.reset();
}

std::vector<job::Notifier::Count> Teller::counts() const {
  const std::lock_guard lock(mutex_);
  return notifier_ ? notifier_->counts() : std::vector<job::Notifier::Count>();
}

}  // namespace holdfast::app
