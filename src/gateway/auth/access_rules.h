// What a key must be granted for each operation: one table by the operation's name in the route
// table, asked before the operation runs. Operations refine it only where the answer depends on
// more than the request line: a write on what lies there already (write_gate), a copy on its
// source, a bulk removal on each of its keys.
#pragma once

#include <span>
#include <string_view>

#include "gateway/call.h"

namespace holdfast::gateway {

enum class Need {
  kRoot,          // the root pair and no other
  kNothing,       // any key: the answer holds only what the key sees
  kSight,         // any grant in the bucket
  kMakeBucket,    // writeNew on the bucket as a whole
  kRemoveBucket,  // delete on the bucket as a whole
  kList,          // list on everything below the query's prefix
  kRead,
  kWrite,      // writeNew or overwrite; the write itself tells which
  kOverwrite,  // what changes an object that is there
  kDelete,
};

struct AccessRule {
  std::string_view operation;
  Need need;
};

std::span<const AccessRule> access_rules();

// An operation without a rule is the root pair's alone.
Need need_of(std::string_view operation);

// Throws AccessDenied unless the call's key may run that operation on the call's target.
void require_access(const Call& call, std::string_view operation);

}  // namespace holdfast::gateway
