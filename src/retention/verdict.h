// What a policy says about one backup.
#pragma once

#include <string>

namespace holdfast::retention {

struct Verdict {
  bool remove = false;
  std::string reason;  // for people: "older than 30d", lowercase, without a full stop
};

}  // namespace holdfast::retention
