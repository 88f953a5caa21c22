// A text that must not be shown: it prints as ***, and its bytes are wiped when it goes.
#pragma once

#include <string>
#include <string_view>

namespace holdfast {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  // Also wipes what was held before.
  Secret& operator=(const Secret& other);
  ~Secret();

  // The one way to the bytes: only where they are sent or compared.
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  std::string_view shown() const { return value_.empty() ? "" : "***"; }
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  void wipe();

  std::string value_;
};

// Whether two texts are equal, in a time that depends on their lengths alone.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace holdfast
