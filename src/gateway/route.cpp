#include "gateway/route.h"

#include <algorithm>

#include "base/error.h"
#include "gateway/ops/bucket.h"
#include "gateway/ops/bucket_documents.h"
#include "gateway/ops/bucket_ownership.h"
#include "gateway/ops/copy.h"
#include "gateway/ops/list.h"
#include "gateway/ops/multipart.h"
#include "gateway/ops/object.h"
#include "gateway/ops/object_lock.h"
#include "gateway/ops/object_settings.h"
#include "gateway/ops/tagging.h"
#include "gateway/ops/versioning.h"

namespace holdfast::gateway {

namespace {

constexpr Resource kService = Resource::kService;
constexpr Resource kBucket = Resource::kBucket;
constexpr Resource kObject = Resource::kObject;
constexpr std::string_view kCopySource = "x-amz-copy-source";

// The first row that fits wins, so the narrower ones stand first.
constexpr std::array kRoutes = {
    Route{"ListBuckets", "GET", kService, {}, "", list_buckets},

    Route{"CreateBucket", "PUT", kBucket, {}, "", create_bucket},
    Route{"HeadBucket", "HEAD", kBucket, {}, "", head_bucket},
    Route{"DeleteBucket", "DELETE", kBucket, {}, "", delete_bucket},
    Route{"GetBucketLocation", "GET", kBucket, {"location"}, "", get_bucket_location},
    Route{"GetBucketAcl", "GET", kBucket, {"acl"}, "", get_bucket_acl},
    Route{"PutBucketAcl", "PUT", kBucket, {"acl"}, "", put_bucket_acl},
    Route{"GetBucketVersioning", "GET", kBucket, {"versioning"}, "", get_bucket_versioning},
    Route{"PutBucketVersioning", "PUT", kBucket, {"versioning"}, "", put_bucket_versioning},
    Route{
        "GetBucketAccelerateConfiguration", "GET", kBucket, {"accelerate"}, "", get_bucket_setting},
    Route{"GetBucketCors", "GET", kBucket, {"cors"}, "", get_bucket_cors},
    Route{"PutBucketCors", "PUT", kBucket, {"cors"}, "", put_bucket_cors},
    Route{"DeleteBucketCors", "DELETE", kBucket, {"cors"}, "", delete_bucket_cors},
    Route{"GetBucketEncryption", "GET", kBucket, {"encryption"}, "", get_bucket_encryption},
    Route{"PutBucketEncryption", "PUT", kBucket, {"encryption"}, "", put_bucket_encryption},
    Route{
        "DeleteBucketEncryption", "DELETE", kBucket, {"encryption"}, "", delete_bucket_encryption},
    Route{"GetBucketLifecycle", "GET", kBucket, {"lifecycle"}, "", get_bucket_lifecycle},
    Route{
        "PutBucketLifecycleConfiguration", "PUT", kBucket, {"lifecycle"}, "", put_bucket_lifecycle},
    Route{"DeleteBucketLifecycle", "DELETE", kBucket, {"lifecycle"}, "", delete_bucket_lifecycle},
    Route{"GetBucketLogging", "GET", kBucket, {"logging"}, "", get_bucket_setting},
    Route{"GetBucketNotification", "GET", kBucket, {"notification"}, "", get_bucket_setting},
    Route{
        "GetObjectLockConfiguration", "GET", kBucket, {"object-lock"}, "", get_lock_configuration},
    Route{
        "PutObjectLockConfiguration", "PUT", kBucket, {"object-lock"}, "", put_lock_configuration},
    Route{"GetBucketOwnershipControls",
          "GET",
          kBucket,
          {"ownershipControls"},
          "",
          get_ownership_controls},
    Route{"PutBucketOwnershipControls",
          "PUT",
          kBucket,
          {"ownershipControls"},
          "",
          put_ownership_controls},
    Route{"GetBucketPolicy", "GET", kBucket, {"policy"}, "", get_bucket_setting},
    Route{"GetBucketPolicyStatus", "GET", kBucket, {"policyStatus"}, "", get_policy_status},
    Route{
        "GetPublicAccessBlock", "GET", kBucket, {"publicAccessBlock"}, "", get_public_access_block},
    Route{
        "PutPublicAccessBlock", "PUT", kBucket, {"publicAccessBlock"}, "", put_public_access_block},
    Route{"DeletePublicAccessBlock",
          "DELETE",
          kBucket,
          {"publicAccessBlock"},
          "",
          delete_public_access_block},
    Route{"GetBucketReplication", "GET", kBucket, {"replication"}, "", get_bucket_setting},
    Route{"GetBucketRequestPayment", "GET", kBucket, {"requestPayment"}, "", get_bucket_setting},
    Route{"GetBucketTagging", "GET", kBucket, {"tagging"}, "", get_bucket_tagging},
    Route{"PutBucketTagging", "PUT", kBucket, {"tagging"}, "", put_bucket_tagging},
    Route{"DeleteBucketTagging", "DELETE", kBucket, {"tagging"}, "", delete_bucket_tagging},
    Route{"GetBucketWebsite", "GET", kBucket, {"website"}, "", get_bucket_setting},
    Route{"ListMultipartUploads", "GET", kBucket, {"uploads"}, "", list_uploads},
    Route{"ListObjectVersions", "GET", kBucket, {"versions"}, "", list_versions},
    Route{"ListObjectsV2", "GET", kBucket, {"list-type"}, "", list_objects_v2},
    Route{"ListObjects", "GET", kBucket, {}, "", list_objects_v1},
    Route{"DeleteObjects", "POST", kBucket, {"delete"}, "", delete_objects},

    Route{"ListParts", "GET", kObject, {"uploadId"}, "", list_parts},
    Route{"GetObjectAttributes", "GET", kObject, {"attributes"}, "", get_object_attributes},
    Route{"GetObjectAcl", "GET", kObject, {"acl"}, "", get_object_acl},
    Route{"PutObjectAcl", "PUT", kObject, {"acl"}, "", put_object_acl},
    Route{"GetObjectTagging", "GET", kObject, {"tagging"}, "", get_object_tagging},
    Route{"PutObjectTagging", "PUT", kObject, {"tagging"}, "", put_object_tagging},
    Route{"DeleteObjectTagging", "DELETE", kObject, {"tagging"}, "", delete_object_tagging},
    Route{"GetObjectRetention", "GET", kObject, {"retention"}, "", get_object_retention},
    Route{"PutObjectRetention", "PUT", kObject, {"retention"}, "", put_object_retention},
    Route{"GetObjectLegalHold", "GET", kObject, {"legal-hold"}, "", get_object_legal_hold},
    Route{"PutObjectLegalHold", "PUT", kObject, {"legal-hold"}, "", put_object_legal_hold},
    Route{"GetObject", "GET", kObject, {}, "", get_object},
    Route{"HeadObject", "HEAD", kObject, {}, "", get_object},
    Route{"UploadPartCopy", "PUT", kObject, {"partNumber", "uploadId"}, kCopySource, copy_part},
    Route{"UploadPart", "PUT", kObject, {"partNumber", "uploadId"}, "", put_part},
    Route{"CopyObject", "PUT", kObject, {}, kCopySource, copy_object},
    Route{"PutObject", "PUT", kObject, {}, "", put_object},
    Route{"CreateMultipartUpload", "POST", kObject, {"uploads"}, "", create_upload},
    Route{"CompleteMultipartUpload", "POST", kObject, {"uploadId"}, "", complete_upload},
    Route{"AbortMultipartUpload", "DELETE", kObject, {"uploadId"}, "", abort_upload},
    Route{"DeleteObject", "DELETE", kObject, {}, "", delete_object},
};

// Parameters that make a request mean another thing than it would without them.
constexpr std::array<std::string_view, 42> kSubResources = {"accelerate",
                                                            "acl",
                                                            "analytics",
                                                            "append",
                                                            "attributes",
                                                            "cors",
                                                            "delete",
                                                            "encryption",
                                                            "inventory",
                                                            "intelligent-tiering",
                                                            "legal-hold",
                                                            "lifecycle",
                                                            "list-type",
                                                            "location",
                                                            "logging",
                                                            "metadataConfiguration",
                                                            "metadataTable",
                                                            "metrics",
                                                            "notification",
                                                            "object-lock",
                                                            "ownershipControls",
                                                            "policy",
                                                            "policyStatus",
                                                            "publicAccessBlock",
                                                            "renameObject",
                                                            "replication",
                                                            "requestPayment",
                                                            "restore",
                                                            "retention",
                                                            "select",
                                                            "select-type",
                                                            "session",
                                                            "tagging",
                                                            "torrent",
                                                            "uploadId",
                                                            "uploads",
                                                            "versioning",
                                                            "versions",
                                                            "website",
                                                            "encryptionConfiguration",
                                                            "metadataInventoryTable",
                                                            "metadataJournalTable"};

bool is_sub_resource(std::string_view name) {
  return std::find(kSubResources.begin(), kSubResources.end(), name) != kSubResources.end();
}

bool names(const Route& route, std::string_view parameter) {
  return std::find(route.query.begin(), route.query.end(), parameter) != route.query.end();
}

bool fits(const Route& route, const http::ServerRequest& request, const Target& target) {
  if (route.method != request.method || route.resource != target.resource) return false;
  if (!route.header.empty() && !request.header(route.header)) return false;
  for (std::string_view needed : route.query) {
    if (!needed.empty() && !target.has(needed)) return false;
  }
  return std::none_of(target.query.begin(), target.query.end(), [&](const auto& parameter) {
    return is_sub_resource(parameter.first) && !names(route, parameter.first);
  });
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

const Route& find_route(const http::ServerRequest& request, const Target& target) {
  for (const Route& route : kRoutes) {
    if (fits(route, request, target)) return route;
  }
  for (const auto& [name, value] : target.query) {
    if (is_sub_resource(name)) {
      throw Unsupported::with_code("NotImplemented", request.method + " " + target.path(),
                                   "'" + name + "' is not offered for this method and resource");
    }
  }
  if (request.method == "POST") {
    throw Unsupported::with_code(
        "NotImplemented", "POST " + target.path(),
        "no operation has this method here; forms go to a bucket, as multipart/form-data");
  }
  throw InvalidArgument::with_code("MethodNotAllowed", request.method + " " + target.path(),
                                   "no operation has this method here");
}

}  // namespace holdfast::gateway
