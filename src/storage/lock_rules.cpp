#include "storage/lock_rules.h"

#include "base/error.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kLongestDocument = 64u << 10;
constexpr std::size_t kAllDocuments = 512u << 10;
constexpr std::int64_t kSecondsADay = 24 * 60 * 60;

[[noreturn]] void locked(const ObjectRef& ref, const char* why) {
  throw AccessDenied::with_code(kLocked, "change " + ref.text(), why,
                                "wait until the lock has ended");
}

[[noreturn]] void no_lock(const ObjectRef& ref) {
  throw InvalidArgument::with_code(kNoLockConfiguration, "lock " + ref.text(),
                                   "its bucket has no object lock configuration");
}

bool holds(const std::optional<Retention>& retention, WallTime now) {
  return retention && retention->until > now;
}

}  // namespace

void check_may_remove(const Marks& marks, WallTime now, bool bypass_governance,
                      const ObjectRef& ref) {
  if (marks.hold) locked(ref, "it is under a legal hold");
  if (!holds(marks.retention, now)) return;
  if (marks.retention->compliance) locked(ref, "it is under compliance retention");
  if (!bypass_governance) locked(ref, "it is under governance retention");
}

void check_marks_change(const Marks& before, const Marks& after, const BucketSettings& bucket,
                        WallTime now, bool bypass_governance, const ObjectRef& ref) {
  bool lock_changes = before.hold != after.hold || before.retention != after.retention;
  if (!lock_changes) return;
  if (!bucket.lock) no_lock(ref);
  if (before.retention == after.retention || !holds(before.retention, now)) return;
  bool longer = after.retention && after.retention->until >= before.retention->until;
  if (before.retention->compliance) {
    if (!longer || !after.retention->compliance) locked(ref, "compliance retention only grows");
  } else if ((!longer || after.retention->compliance) && !bypass_governance) {
    locked(ref, "governance retention only grows, unless it is bypassed");
  }
}

Marks marks_of_new(Marks given, const BucketSettings& bucket, WallTime now, const ObjectRef& ref) {
  if (!bucket.lock) {
    if (given.hold || given.retention) no_lock(ref);
    return given;
  }
  if (!given.retention && bucket.default_retention) {
    given.retention =
        Retention{bucket.default_retention->compliance,
                  now + std::chrono::seconds(bucket.default_retention->days * kSecondsADay)};
  }
  return given;
}

void check_settings_change(const BucketSettings& before, const BucketSettings& after,
                           const std::string& bucket) {
  auto refuse = [&](const char* why) {
    throw PreconditionFailed::with_code(kInvalidBucketState, "bucket " + bucket, why);
  };
  if (before.versioning != Versioning::kOff && after.versioning == Versioning::kOff) {
    refuse("versioning that was enabled can only be suspended");
  }
  if (before.lock && !after.lock) refuse("object lock cannot be switched off");
  if (after.lock && after.versioning != Versioning::kEnabled) {
    refuse("object lock needs versioning to be enabled");
  }
  if (after.default_retention && !after.lock) refuse("it has no object lock");
  std::size_t all = 0;
  for (const auto& [name, document] : after.documents) {
    all += name.size() + document.size();
    if (document.size() > kLongestDocument || all > kAllDocuments) {
      throw InvalidArgument("settings of bucket " + bucket, "they are too large");
    }
  }
}

}  // namespace holdfast::storage
