#include "storage/s3/s3_errors.h"

#include <fmt/format.h>

#include "storage/http_fault.h"
#include "storage/http_store.h"

namespace holdfast::storage {

namespace {

constexpr std::string_view kCheckKeys = "check the access key and its secret";
constexpr std::string_view kCheckPolicy = "check what the access key may do with this bucket";
constexpr std::string_view kCheckClock = "set this machine's clock right";
constexpr std::string_view kCheckRegion = "set the endpoint and the region to the bucket's own";
constexpr std::string_view kCheckBucket = "create the bucket or correct its name";
constexpr std::string_view kMakeRoom = "make room in the storage or raise its quota";
constexpr std::string_view kCheckEndpoint = "check that the endpoint speaks the S3 protocol";

constexpr FaultCode kCodes[] = {
    {"NoSuchKey", ErrorKind::kNotFound, kNoSuchKey, ""},
    {"NoSuchBucket", ErrorKind::kNotFound, kNoSuchBucket, kCheckBucket},
    {"NoSuchUpload", ErrorKind::kNotFound, kNoSuchUpload, ""},
    {"PreconditionFailed", ErrorKind::kPreconditionFailed, "", ""},
    {"NotModified", ErrorKind::kPreconditionFailed, kNotModified, ""},
    {"BucketAlreadyOwnedByYou", ErrorKind::kPreconditionFailed, kBucketExists, ""},
    {"BucketAlreadyExists", ErrorKind::kPreconditionFailed, "",
     "choose another name: bucket names are shared by all accounts"},
    {"BucketNotEmpty", ErrorKind::kPreconditionFailed, kBucketNotEmpty, ""},
    // Another write of the same object was under way. Whether it will win is not said, so that the
    // caller has to look, as after any write without an answer.
    {"ConditionalRequestConflict", ErrorKind::kUnavailable, "", ""},
    {"OperationAborted", ErrorKind::kUnavailable, "", ""},
    {"AccessDenied", ErrorKind::kAccessDenied, "", kCheckPolicy},
    {"AllAccessDisabled", ErrorKind::kAccessDenied, "", kCheckPolicy},
    {"AccountProblem", ErrorKind::kAccessDenied, "", kCheckPolicy},
    {"InvalidAccessKeyId", ErrorKind::kAccessDenied, "", kCheckKeys},
    {"SignatureDoesNotMatch", ErrorKind::kAccessDenied, "", kCheckKeys},
    {"InvalidToken", ErrorKind::kAccessDenied, "", kCheckKeys},
    {"ExpiredToken", ErrorKind::kAccessDenied, "", kCheckKeys},
    {"RequestTimeTooSkewed", ErrorKind::kAccessDenied, "", kCheckClock},
    {"AuthorizationHeaderMalformed", ErrorKind::kInvalidArgument, "", kCheckRegion},
    {"IllegalLocationConstraintException", ErrorKind::kInvalidArgument, "", kCheckRegion},
    {"InvalidLocationConstraint", ErrorKind::kInvalidArgument, "", kCheckRegion},
    {"PermanentRedirect", ErrorKind::kInvalidArgument, "", kCheckRegion},
    {"TemporaryRedirect", ErrorKind::kInvalidArgument, "", kCheckRegion},
    {"InvalidRange", ErrorKind::kInvalidArgument, kInvalidRange, ""},
    {"InvalidPartNumber", ErrorKind::kInvalidArgument, kInvalidRange, ""},
    {"InvalidPart", ErrorKind::kInvalidArgument, kInvalidPart, ""},
    {"InvalidPartOrder", ErrorKind::kInvalidArgument, kInvalidPartOrder, ""},
    {"EntityTooSmall", ErrorKind::kInvalidArgument, kEntityTooSmall, ""},
    {"EntityTooLarge", ErrorKind::kInvalidArgument, kEntityTooLarge, ""},
    {"BadDigest", ErrorKind::kInvalidArgument, kBadDigest, ""},
    {"InvalidDigest", ErrorKind::kInvalidArgument, kBadDigest, ""},
    {"XAmzContentSHA256Mismatch", ErrorKind::kInvalidArgument, kBadDigest, ""},
    {"XAmzContentChecksumMismatch", ErrorKind::kInvalidArgument, kBadDigest, ""},
    {"KeyTooLongError", ErrorKind::kInvalidArgument, kKeyTooLong, ""},
    {"InvalidBucketName", ErrorKind::kInvalidArgument, kInvalidBucketName, kCheckBucket},
    // The endpoint got less of our body than we sent, or got it too late: the network's doing.
    {"IncompleteBody", ErrorKind::kUnavailable, "", ""},
    {"RequestTimeout", ErrorKind::kUnavailable, "", ""},
    {"SlowDown", ErrorKind::kUnavailable, "", ""},
    {"InternalError", ErrorKind::kUnavailable, "", ""},
    {"ServiceUnavailable", ErrorKind::kUnavailable, "", ""},
    {"XMinioStorageFull", ErrorKind::kNoSpace, "", kMakeRoom},
    {"XMinioAdminBucketQuotaExceeded", ErrorKind::kNoSpace, "", kMakeRoom},
    {"QuotaExceeded", ErrorKind::kNoSpace, "", kMakeRoom},
    {"NotImplemented", ErrorKind::kUnsupported, "", ""},
    {"MethodNotAllowed", ErrorKind::kUnsupported, "", ""},
};

constexpr FaultStatus kStatuses[] = {
    {304, ErrorKind::kPreconditionFailed, kNotModified, ""},
    {301, ErrorKind::kInvalidArgument, "", kCheckRegion},
    {307, ErrorKind::kInvalidArgument, "", kCheckRegion},
    {400, ErrorKind::kInvalidArgument, "", ""},
    {401, ErrorKind::kAccessDenied, "", kCheckKeys},
    {403, ErrorKind::kAccessDenied, "", kCheckPolicy},
    {404, ErrorKind::kNotFound, kNoSuchKey, ""},
    {405, ErrorKind::kUnsupported, "", kCheckEndpoint},
    {408, ErrorKind::kUnavailable, "", ""},
    {409, ErrorKind::kUnavailable, "", ""},
    {412, ErrorKind::kPreconditionFailed, "", ""},
    {416, ErrorKind::kInvalidArgument, kInvalidRange, ""},
    {429, ErrorKind::kUnavailable, "", ""},
    {501, ErrorKind::kUnsupported, "", ""},
    {507, ErrorKind::kNoSpace, "", kMakeRoom},
};

}  // namespace

S3Fault read_fault(int status, const codec::XmlElement& element) {
  S3Fault fault{.status = status};
  fault.code = cleaned_code(element.child_text("Code"));
  fault.message = cleaned_text(element.child_text("Message"), kLongestFaultMessage);
  fault.region = element.child_text("Region");
  return fault;
}

S3Fault read_fault(int status, std::string_view document) {
  auto root = error_document(document);
  return root ? read_fault(status, *root) : S3Fault{.status = status};
}

Error to_error(const S3Fault& fault, std::string what) {
  FaultCode row = find_fault(kCodes, kStatuses, fault.code, fault.status, kCheckEndpoint);
  std::string code(row.our_code.empty() ? std::string_view(fault.code) : row.our_code);
  std::string advice(row.advice);
  if (row.kind == ErrorKind::kNotFound && fault.about_bucket && fault.code.empty()) {
    code = kNoSuchBucket;
    advice = kCheckBucket;
  }
  // An S3 says what is bad; a server of another kind that listens there does not.
  if (fault.status == 400 && fault.code.empty()) advice = kCheckEndpoint;
  if (advice == kCheckRegion && !fault.region.empty()) {
    advice = fmt::format("set the region to {}", cleaned_text(fault.region, kLongestFaultCode));
  }
  if (advice == kCheckBucket && !fault.bucket_setting.empty()) {
    advice = "create the bucket or correct " + fault.bucket_setting;
  }
  const std::string& keys = fault.key_section;
  if (row.advice == kCheckKeys) advice += fmt::format(" ({0}.accessKey and {0}.secretKey)", keys);
  if (row.advice == kCheckPolicy) advice += fmt::format(" ({}.accessKey and its policy)", keys);
  ErrorKind kind = row.kind;
  if (fault.conditional_write && kind == ErrorKind::kNotFound && code == kNoSuchKey) {
    kind = ErrorKind::kPreconditionFailed;
  }
  // Callers tell a failed condition by its kind; a code would narrow it to something else.
  if (kind == ErrorKind::kPreconditionFailed &&
      (code == "PreconditionFailed" || code == kNoSuchKey)) {
    code.clear();
  }
  Error error(kind, std::move(what),
              fault_reason("the storage", fault.message, fault.code, fault.status,
                           fault.about_bucket ? "no such bucket" : "no such object"),
              std::move(advice));
  error.set_code(std::move(code));
  return error;
}

void throw_fault(const S3Fault& fault, std::string what) {
  throw_as_kind(to_error(fault, std::move(what)));
}

}  // namespace holdfast::storage
