#include "dashboard/attempts.h"

#include <algorithm>

namespace holdfast::dashboard {

namespace {

bool is_spent(SteadyTime forgiven, SteadyTime now) {
  return forgiven - now > (Attempts::kAllowed - 1) * Attempts::kForgiven;
}

}  // namespace

bool Attempts::must_wait(const std::string& address, SteadyTime now) {
  std::lock_guard lock(mutex_);
  auto found = forgiven_.find(address);
  if (found != forgiven_.end()) return is_spent(found->second, now);
  return forgiven_.size() >= kMostAddresses && is_spent(crowd_, now);
}

void Attempts::note_wrong(const std::string& address, SteadyTime now) {
  std::lock_guard lock(mutex_);
  if (!forgiven_.contains(address) && forgiven_.size() >= kMostAddresses) drop_forgiven(now);
  const bool has_place = forgiven_.contains(address) || forgiven_.size() < kMostAddresses;
  SteadyTime& forgiven = has_place ? forgiven_[address] : crowd_;
  forgiven = std::max(forgiven, now) + kForgiven;
}

void Attempts::drop_forgiven(SteadyTime now) {
  std::erase_if(forgiven_, [&](const auto& entry) { return entry.second <= now; });
}

}  // namespace holdfast::dashboard
