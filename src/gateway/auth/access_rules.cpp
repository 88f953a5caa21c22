#include "gateway/auth/access_rules.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace holdfast::gateway {

namespace {

constexpr std::array kRules = {
    AccessRule{"ListBuckets", Need::kNothing},

    AccessRule{"CreateBucket", Need::kMakeBucket},
    AccessRule{"DeleteBucket", Need::kRemoveBucket},
    AccessRule{"HeadBucket", Need::kSight},
    AccessRule{"PutBucketVersioning", Need::kRoot},
    AccessRule{"PutBucketAcl", Need::kRoot},
    AccessRule{"PutBucketOwnershipControls", Need::kRoot},
    AccessRule{"PutPublicAccessBlock", Need::kRoot},
    AccessRule{"DeletePublicAccessBlock", Need::kRoot},
    AccessRule{"PutBucketTagging", Need::kRoot},
    AccessRule{"DeleteBucketTagging", Need::kRoot},
    AccessRule{"PutBucketCors", Need::kRoot},
    AccessRule{"DeleteBucketCors", Need::kRoot},
    AccessRule{"PutBucketEncryption", Need::kRoot},
    AccessRule{"DeleteBucketEncryption", Need::kRoot},
    AccessRule{"PutBucketLifecycleConfiguration", Need::kRoot},
    AccessRule{"DeleteBucketLifecycle", Need::kRoot},
    AccessRule{"PutObjectLockConfiguration", Need::kRoot},
    AccessRule{"GetBucketLocation", Need::kSight},
    AccessRule{"GetBucketAcl", Need::kSight},
    AccessRule{"GetBucketVersioning", Need::kSight},
    AccessRule{"GetBucketAccelerateConfiguration", Need::kSight},
    AccessRule{"GetBucketCors", Need::kSight},
    AccessRule{"GetBucketEncryption", Need::kSight},
    AccessRule{"GetBucketLifecycle", Need::kSight},
    AccessRule{"GetBucketLogging", Need::kSight},
    AccessRule{"GetBucketNotification", Need::kSight},
    AccessRule{"GetObjectLockConfiguration", Need::kSight},
    AccessRule{"GetBucketOwnershipControls", Need::kSight},
    AccessRule{"GetBucketPolicy", Need::kSight},
    AccessRule{"GetBucketPolicyStatus", Need::kSight},
    AccessRule{"GetPublicAccessBlock", Need::kSight},
    AccessRule{"GetBucketReplication", Need::kSight},
    AccessRule{"GetBucketRequestPayment", Need::kSight},
    AccessRule{"GetBucketTagging", Need::kSight},
    AccessRule{"GetBucketWebsite", Need::kSight},
    AccessRule{"ListMultipartUploads", Need::kList},
    AccessRule{"ListObjectVersions", Need::kList},
    AccessRule{"ListObjectsV2", Need::kList},
    AccessRule{"ListObjects", Need::kList},
    AccessRule{"DeleteObjects", Need::kSight},  // then delete on each key

    AccessRule{"GetObject", Need::kRead},
    AccessRule{"HeadObject", Need::kRead},
    AccessRule{"GetObjectAttributes", Need::kRead},
    AccessRule{"GetObjectAcl", Need::kRead},
    AccessRule{"GetObjectTagging", Need::kRead},
    AccessRule{"GetObjectRetention", Need::kRead},
    AccessRule{"GetObjectLegalHold", Need::kRead},
    AccessRule{"PutObjectAcl", Need::kOverwrite},
    AccessRule{"PutObjectTagging", Need::kOverwrite},
    AccessRule{"DeleteObjectTagging", Need::kOverwrite},
    AccessRule{"PutObjectRetention", Need::kOverwrite},
    AccessRule{"PutObjectLegalHold", Need::kOverwrite},
    AccessRule{"PutObject", Need::kWrite},
    AccessRule{"CopyObject", Need::kWrite},  // and read on the source
    AccessRule{"CreateMultipartUpload", Need::kWrite},
    AccessRule{"UploadPart", Need::kWrite},
    AccessRule{"UploadPartCopy", Need::kWrite},  // and read on the source
    AccessRule{"ListParts", Need::kWrite},
    AccessRule{"CompleteMultipartUpload", Need::kWrite},
    AccessRule{"AbortMultipartUpload", Need::kWrite},
    AccessRule{"DeleteObject", Need::kDelete},
};

[[noreturn]] void deny(const Call& call, std::string_view operation) {
  throw AccessDenied::with_code("AccessDenied", call.target.path(),
                                "this access key may not do " + std::string(operation));
}

bool may(const Call& call, Need need) {
  const Permissions& key = call.permissions;
  const std::string &bucket = call.target.bucket, &object = call.target.key;
  switch (need) {
    case Need::kRoot:
      return key.root();
    case Need::kNothing:
      return true;
    case Need::kSight:
      return key.sees_bucket(bucket);
    case Need::kMakeBucket:
      return key.allows_bucket(Verb::kWriteNew, bucket);
    case Need::kRemoveBucket:
      return key.allows_bucket(Verb::kDelete, bucket);
    case Need::kList:
      return key.allows_list(bucket, call.target.parameter("prefix").value_or(""));
    case Need::kRead:
      return key.allows(Verb::kRead, bucket, object);
    case Need::kWrite:
      return key.allows(Verb::kWriteNew, bucket, object) ||
             key.allows(Verb::kOverwrite, bucket, object);
    case Need::kOverwrite:
      return key.allows(Verb::kOverwrite, bucket, object);
    case Need::kDelete:
      return key.allows(Verb::kDelete, bucket, object);
  }
  return false;
}

}  // namespace

std::span<const AccessRule> access_rules() { return kRules; }

Need need_of(std::string_view operation) {
  const auto rule = std::find_if(kRules.begin(), kRules.end(),
                                 [&](const AccessRule& one) { return one.operation == operation; });
  return rule == kRules.end() ? Need::kRoot : rule->need;
}

void require_access(const Call& call, std::string_view operation) {
  if (!may(call, need_of(operation))) deny(call, operation);
}

}  // namespace holdfast::gateway
