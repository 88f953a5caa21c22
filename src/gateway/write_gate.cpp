#include "gateway/write_gate.h"

#include <algorithm>

#include "base/error.h"
#include "gateway/conditions.h"

namespace holdfast::gateway {

namespace {

[[noreturn]] void deny(const storage::ObjectRef& object, std::string why) {
  throw AccessDenied::with_code("AccessDenied", "write " + object.text(), std::move(why));
}

}  // namespace

WriteGate::WriteGate(const Call& call, storage::ObjectRef destination)
    : call_(call), destination_(std::move(destination)), condition_(write_condition(call.request)) {
  wants_match_ = condition_.must_exist || !condition_.etag_is.empty();
  resolve_etag_is_not(call);
  apply_permissions(call);
  if (!condition_.empty() && !call.storage.capabilities().conditional_put) {
    throw Unsupported::with_code("NotImplemented", "write " + destination_.text(),
                                 "this storage cannot write conditionally");
  }
}

void WriteGate::apply_permissions(const Call& call) {
  const std::string &bucket = destination_.bucket, &key = destination_.key;
  const bool may_create = call.permissions.allows(Verb::kWriteNew, bucket, key);
  const bool may_replace = call.permissions.allows(Verb::kOverwrite, bucket, key);
  if (may_create && may_replace) return;
  if (!may_create && !may_replace) deny(destination_, "this key may not write it");
  if (may_create) {
    if (wants_match_ || condition_.revision_is) deny(destination_, "this key may only create it");
    forced_ = !condition_.must_not_exist;
    condition_.must_not_exist = true;
  } else {
    if (condition_.must_not_exist) deny(destination_, "this key may only replace it");
    forced_ = !wants_match_ && !condition_.revision_is;
    condition_.must_exist = true;
  }
}

// Storages know no "any version but these" for writes; the version that is there now stands in.
void WriteGate::resolve_etag_is_not(const Call& call) {
  if (condition_.etag_is_not.empty()) return;
  auto found = storage::find(call.storage, call.context, destination_);
  if (!found) {
    condition_.must_not_exist = !wants_match_;
  } else if (std::count(condition_.etag_is_not.begin(), condition_.etag_is_not.end(),
                        found->etag)) {
    throw PreconditionFailed("write " + destination_.text(), "the object has that etag");
  } else {
    condition_.revision_is = found->revision;
  }
  condition_.etag_is_not.clear();
  resolved_ = true;
}

void WriteGate::explain(const PreconditionFailed& error) const {
  if (forced_) deny(destination_, "this key may not write an object in that state");
  if (wants_match_ && !storage::find(call_.storage, call_.context, destination_)) {
    throw NotFound::with_code(storage::kNoSuchKey, "write " + destination_.text(),
                              "there is no object to match");
  }
  if (resolved_) {
    throw PreconditionFailed::with_code("ConditionalRequestConflict",
                                        "write " + destination_.text(), "it changed meanwhile");
  }
  throw error;
}

void WriteGate::run(const std::function<void()>& write) const {
  try {
    write();
  } catch (const PreconditionFailed& error) {
    explain(error);
  }
}

}  // namespace holdfast::gateway
