// Whether and on what condition a request may write an object: what its key may do (make new ones,
// replace existing ones, both) joined with the client's If-Match and If-None-Match, as one storage
// condition, so that the check and the write are one step.
#pragma once

#include <functional>

#include "gateway/call.h"

namespace holdfast::gateway {

class WriteGate {
 public:
  // Throws AccessDenied when the key may not write there at all; PreconditionFailed when the
  // client's condition fails already; Unsupported where the storage cannot write conditionally.
  WriteGate(const Call& call, storage::ObjectRef destination);

  const storage::Condition& condition() const { return condition_; }
  // Runs the write with condition(); a condition that failed comes out as the client must see it:
  // AccessDenied for the key's limits, NoSuchKey for If-Match on nothing,
  // ConditionalRequestConflict when the object changed since the constructor looked at it, else
  // PreconditionFailed.
  void run(const std::function<void()>& write) const;

 private:
  void apply_permissions(const Call& call);
  void resolve_etag_is_not(const Call& call);
  [[noreturn]] void explain(const PreconditionFailed& error) const;

  const Call& call_;
  storage::ObjectRef destination_;
  storage::Condition condition_;
  bool forced_ = false;    // the condition is the key's limit, not the client's wish
  bool resolved_ = false;  // the condition pins the version that the constructor saw
  bool wants_match_ = false;
};

}  // namespace holdfast::gateway
