// Lifecycle rules of buckets: what a configuration says, and carrying it out.
// Source: AWS "Managing the lifecycle of objects". Offered: abandoned uploads, versions that are no
// longer current, expiration of current objects and of delete markers that cover nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/xml.h"
#include "gateway/marks.h"
#include "storage/versions.h"

namespace holdfast::gateway {

// Name of the document in storage::BucketSettings.
inline constexpr const char* kLifecycleDocument = "lifecycle";

struct LifecycleRule {
  std::string id;
  bool enabled = false;
  std::string prefix;
  bool outer_prefix = false;  // given beside the filter's place, as S3 had it first; told so too
  Tags tags;                  // of which an object must have all
  std::optional<std::uint64_t> larger_than, smaller_than;

  std::optional<unsigned> abort_uploads_days;
  std::optional<unsigned> noncurrent_days;
  unsigned newer_versions = 0;  // that many of the versions that are not current stay
  std::optional<unsigned> expire_days;
  std::optional<WallTime> expire_date;
  bool expired_delete_markers = false;
};

// A rule without an id gets one. Errors, by S3 code: MalformedXML, InvalidArgument, NotImplemented
// (moving objects to other storage classes).
std::vector<LifecycleRule> parse_lifecycle(const codec::XmlElement& configuration);
std::string lifecycle_document(const std::vector<LifecycleRule>& rules);

// The moment a rule of `days` falls due for what happened at `start`: the first midnight (UTC) that
// is at least that many days later.
WallTime due_after(WallTime start, unsigned days);

// Whether the rule's sizes and tags are those of an object under its prefix.
bool concerns(const LifecycleRule& rule, std::uint64_t size, const Tags& tags);

// What x-amz-expiration says of the current object `object` in a bucket with that lifecycle
// document: the moment and the rule by which it goes first. nullopt: none removes it.
std::optional<std::string> expiration_of(const std::string& document,
                                         const storage::ObjectInfo& object);

struct LifecycleReport {
  std::uint64_t uploads = 0, versions = 0, objects = 0, markers = 0;  // that were removed
  std::uint64_t locked = 0;                                           // that stay for a lock
  std::uint64_t failed = 0;
};
// Carries out all rules of all buckets; by `context`'s clock. What fails is logged and counted, and
// the rest goes on. Nothing where the storage keeps no settings. Throws when `context` ends.
LifecycleReport apply_lifecycle(const Context& context, storage::Storage& storage);

}  // namespace holdfast::gateway
