// The JSON inside a lease object. Format: docs/formats/catalog.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/process.h"

namespace holdfast::catalog {

struct LeaseBody {
  bool held = false;
  std::string holder;         // random, of one acquisition
  std::uint64_t counter = 0;  // grows with every write, so that every write changes the revision
  std::string store, purpose, since;
  ProcessIdentity process;
  Duration time_to_live{0}, longest_request{0};
};

std::string to_json(const LeaseBody& body);
// Corrupt when it is not a lease; Unsupported when it wants a newer reader.
LeaseBody parse_lease_body(std::string_view json);

}  // namespace holdfast::catalog
