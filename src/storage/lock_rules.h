// What object lock forbids, decided in one place for every backend. Pure.
#pragma once

#include "storage/versions.h"

namespace holdfast::storage {

// Throws AccessDenied (code kLocked) when a version with these marks may not go at `now`.
void check_may_remove(const Marks& marks, WallTime now, bool bypass_governance,
                      const ObjectRef& ref);

// Throws AccessDenied (code kLocked) when the change would loosen a lock that still holds:
// compliance can only be prolonged; governance also shortened, lifted or changed with
// `bypass_governance`. InvalidArgument (code kNoLockConfiguration) for a lock where `bucket` has
// none.
void check_marks_change(const Marks& before, const Marks& after, const BucketSettings& bucket,
                        WallTime now, bool bypass_governance, const ObjectRef& ref);

// The marks of a version that is made at `now`: with the bucket's default retention unless it
// brings its own. InvalidArgument (code kNoLockConfiguration) for a lock where `bucket` has none.
Marks marks_of_new(Marks given, const BucketSettings& bucket, WallTime now, const ObjectRef& ref);

// Throws PreconditionFailed (code kInvalidBucketState) when lock is switched off, or versioning is
// not enabled beside it; InvalidArgument for documents beyond their limits.
void check_settings_change(const BucketSettings& before, const BucketSettings& after,
                           const std::string& bucket);

}  // namespace holdfast::storage
