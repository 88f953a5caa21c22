#include "storage/azure/azure_errors.h"

#include <fmt/format.h>

#include "codec/xml.h"
#include "storage/http_fault.h"
#include "storage/http_store.h"

namespace holdfast::storage {

namespace {

constexpr std::string_view kCheckKey =
    "check the storage account's name and key (minio.accessKey and minio.secretKey)";
constexpr std::string_view kCheckRights =
    "check what the key or shared access signature allows, and the account's network rules";
constexpr std::string_view kCheckContainer = "create the container or correct its name";
constexpr std::string_view kCheckEndpoint = "check that the endpoint is Azure's Blob service";
constexpr std::string_view kOtherTool =
    "another tool left uncommitted blocks there: remove the blob, or wait a week until Azure does";

constexpr FaultCode kCodes[] = {
    {"BlobNotFound", ErrorKind::kNotFound, kNoSuchKey, ""},
    {"ContainerNotFound", ErrorKind::kNotFound, kNoSuchBucket, kCheckContainer},
    // Azure removes containers in the background and lists them no more meanwhile.
    {"ContainerBeingDeleted", ErrorKind::kUnavailable, "", ""},
    {"ContainerAlreadyExists", ErrorKind::kPreconditionFailed, kBucketExists, ""},
    {"ConditionNotMet", ErrorKind::kPreconditionFailed, "", ""},
    {"SourceConditionNotMet", ErrorKind::kPreconditionFailed, "", ""},
    {"TargetConditionNotMet", ErrorKind::kPreconditionFailed, "", ""},
    {"BlobAlreadyExists", ErrorKind::kPreconditionFailed, "", ""},
    {"BlobImmutableDueToPolicy", ErrorKind::kAccessDenied, "", kCheckRights},
    {"LeaseIdMissing", ErrorKind::kRefused, "", "break the lease that somebody holds on the blob"},
    {"AuthenticationFailed", ErrorKind::kAccessDenied, "", kCheckKey},
    {"InvalidAuthenticationInfo", ErrorKind::kAccessDenied, "", kCheckKey},
    {"AuthorizationFailure", ErrorKind::kAccessDenied, "", kCheckRights},
    {"AuthorizationPermissionMismatch", ErrorKind::kAccessDenied, "", kCheckRights},
    {"AuthorizationResourceTypeMismatch", ErrorKind::kAccessDenied, "", kCheckRights},
    {"AuthorizationServiceMismatch", ErrorKind::kAccessDenied, "", kCheckRights},
    {"AuthorizationProtocolMismatch", ErrorKind::kAccessDenied, "", kCheckRights},
    {"AuthorizationSourceIPMismatch", ErrorKind::kAccessDenied, "", kCheckRights},
    {"InsufficientAccountPermissions", ErrorKind::kAccessDenied, "", kCheckRights},
    {"KeyBasedAuthenticationNotPermitted", ErrorKind::kAccessDenied, "", kCheckRights},
    {"CannotVerifyCopySource", ErrorKind::kAccessDenied, "", kCheckRights},
    {"AccountIsDisabled", ErrorKind::kAccessDenied, "", "enable the storage account"},
    {"InvalidRange", ErrorKind::kInvalidArgument, kInvalidRange, ""},
    {"Md5Mismatch", ErrorKind::kUnavailable, "", ""},  // changed on its way: we sent the right one
    {"RequestBodyTooLarge", ErrorKind::kInvalidArgument, kEntityTooLarge, ""},
    {"BlockListTooLong", ErrorKind::kInvalidArgument, kEntityTooLarge, "use larger parts"},
    {"BlockCountExceedsLimit", ErrorKind::kInvalidArgument, kEntityTooLarge, "use larger parts"},
    {"InvalidBlockList", ErrorKind::kNotFound, kNoSuchUpload, ""},
    {"InvalidBlobOrBlock", ErrorKind::kRefused, "", kOtherTool},
    {"InvalidBlockId", ErrorKind::kRefused, "", kOtherTool},
    {"InvalidResourceName", ErrorKind::kInvalidArgument, "", ""},
    {"OutOfRangeInput", ErrorKind::kInvalidArgument, "", ""},
    {"InvalidBlobType", ErrorKind::kRefused, "",
     "remove the page or append blob that another tool left there"},
    {"BlobArchived", ErrorKind::kRefused, "", "bring the blob back from the archive tier"},
    {"ServerBusy", ErrorKind::kUnavailable, "", ""},
    {"OperationTimedOut", ErrorKind::kUnavailable, "", ""},
    {"InternalError", ErrorKind::kUnavailable, "", ""},
    {"IncompleteBody", ErrorKind::kUnavailable, "", ""},
    {"PendingCopyOperation", ErrorKind::kUnavailable, "", ""},
};

constexpr FaultStatus kStatuses[] = {
    {304, ErrorKind::kPreconditionFailed, kNotModified, ""},
    {400, ErrorKind::kInvalidArgument, "", ""},
    {401, ErrorKind::kAccessDenied, "", kCheckKey},
    {403, ErrorKind::kAccessDenied, "", kCheckRights},
    {404, ErrorKind::kNotFound, kNoSuchKey, ""},
    {405, ErrorKind::kUnsupported, "", kCheckEndpoint},
    {408, ErrorKind::kUnavailable, "", ""},
    {409, ErrorKind::kRefused, "", ""},
    {411, ErrorKind::kInvalidArgument, "", kCheckEndpoint},
    {412, ErrorKind::kPreconditionFailed, "", ""},
    {416, ErrorKind::kInvalidArgument, kInvalidRange, ""},
    {429, ErrorKind::kUnavailable, "", ""},
    {501, ErrorKind::kUnsupported, "", kCheckEndpoint},
};

}  // namespace

AzureFault read_azure_fault(int status, std::string_view code, std::string_view document) {
  AzureFault fault{.status = status, .code = cleaned_code(code)};
  auto root = error_document(document);
  if (!root) return fault;
  if (fault.code.empty()) fault.code = cleaned_code(root->child_text("Code"));
  // Behind the first line stand the request's id and time, and what was signed.
  std::string message = root->child_text("Message");
  fault.message = cleaned_text(message.substr(0, message.find('\n')), kLongestFaultMessage);
  return fault;
}

Error to_error(const AzureFault& fault, std::string what) {
  FaultCode row = find_fault(kCodes, kStatuses, fault.code, fault.status, kCheckEndpoint);
  std::string code(row.our_code);
  std::string advice(row.advice);
  ErrorKind kind = row.kind;
  if (kind == ErrorKind::kNotFound && fault.code.empty() && fault.about_container) {
    code = kNoSuchBucket;
    advice = kCheckContainer;
  }
  if (fault.conditional_write && kind == ErrorKind::kNotFound && code == kNoSuchKey) {
    kind = ErrorKind::kPreconditionFailed;
    code.clear();
  }
  Error error(kind, std::move(what),
              fault_reason("Azure", fault.message, fault.code, fault.status,
                           fault.about_container ? "no such container" : "no such object"),
              std::move(advice));
  error.set_code(std::move(code));
  return error;
}

void throw_fault(const AzureFault& fault, std::string what) {
  throw_as_kind(to_error(fault, std::move(what)));
}

}  // namespace holdfast::storage
