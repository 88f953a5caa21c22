// How often an address may still be wrong about the token. Thread-safe, and bounded however many
// addresses come.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace holdfast::dashboard {

class Attempts {
 public:
  static constexpr int kAllowed = 10;                             // wrong ones at once
  static constexpr Duration kForgiven = std::chrono::seconds(6);  // one of them, after so long
  static constexpr std::size_t kMostAddresses = 4096;

  // Whether `address` has to wait: its token is then not looked at.
  bool must_wait(const std::string& address, SteadyTime now);
  void note_wrong(const std::string& address, SteadyTime now);

 private:
  // An address is done with at this moment; each wrong token moves it on by kForgiven.
  using Forgiven = std::map<std::string, SteadyTime>;

  void drop_forgiven(SteadyTime now);

  std::mutex mutex_;
  Forgiven forgiven_;
  // Addresses that found no place: all of them together count as one.
  SteadyTime crowd_;
};

}  // namespace holdfast::dashboard
