#include "storage/azure/azure_errors.h"

#include <algorithm>
#include <fmt/format.h>

#include "codec/xml.h"
#include "storage/http_store.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kLongestCode = 64;
constexpr std::size_t kLongestMessage = 240;

constexpr std::string_view kCheckKey =
    "check the storage account's name and key (minio.accessKey and minio.secretKey)";
constexpr std::string_view kCheckRights =
    "check what the key or shared access signature allows, and the account's network rules";
constexpr std::string_view kCheckContainer = "create the container or correct its name";
constexpr std::string_view kCheckEndpoint = "check that the endpoint is Azure's Blob service";
constexpr std::string_view kOtherTool =
    "another tool left uncommitted blocks there: remove the blob, or wait a week until Azure does";

struct CodeRow {
  std::string_view code;
  ErrorKind kind;
  std::string_view our_code;  // empty: none
  std::string_view advice;
};

constexpr CodeRow kCodes[] = {
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

struct StatusRow {
  int status;
  ErrorKind kind;
  std::string_view our_code;
  std::string_view advice;
};

constexpr StatusRow kStatuses[] = {
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

std::string cleaned_code(std::string_view text) {
  auto is_plain = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  if (text.size() > kLongestCode || !std::all_of(text.begin(), text.end(), is_plain)) return "";
  return std::string(text);
}

CodeRow row_of(const AzureFault& fault) {
  for (const CodeRow& row : kCodes) {
    if (!fault.code.empty() && row.code == fault.code) return row;
  }
  for (const StatusRow& row : kStatuses) {
    if (row.status == fault.status) return {fault.code, row.kind, row.our_code, row.advice};
  }
  // Any other 5xx passes, also those that something between us and Azure made.
  ErrorKind kind = fault.status >= 500 ? ErrorKind::kUnavailable : ErrorKind::kFailed;
  return {fault.code, kind, "", fault.status >= 500 ? "" : kCheckEndpoint};
}

std::string reason_of(const AzureFault& fault) {
  if (!fault.message.empty() && !fault.code.empty()) {
    return fmt::format("{} ({})", fault.message, fault.code);
  }
  if (!fault.code.empty()) return fmt::format("Azure answered {}", fault.code);
  if (fault.status == 404) return fault.about_container ? "no such container" : "no such object";
  if (fault.status == 412) return "the condition does not hold";
  return fmt::format("Azure answered status {}", fault.status);
}

}  // namespace

AzureFault read_azure_fault(int status, std::string_view code, std::string_view document) {
  AzureFault fault{.status = status, .code = cleaned_code(code)};
  std::size_t start = document.find('<');  // a byte order mark precedes it
  if (start == std::string_view::npos) return fault;
  try {
    codec::XmlElement root = codec::parse_xml(document.substr(start));
    if (root.name != "Error") return fault;
    if (fault.code.empty()) fault.code = cleaned_code(root.child_text("Code"));
    // Behind the first line stand the request's id and time, and what was signed.
    std::string message = root.child_text("Message");
    fault.message = cleaned_text(message.substr(0, message.find('\n')), kLongestMessage);
  } catch (const InvalidArgument&) {
    // A page of a proxy's: the status alone tells.
  }
  return fault;
}

Error to_error(const AzureFault& fault, std::string what) {
  CodeRow row = row_of(fault);
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
  Error error(kind, std::move(what), reason_of(fault), std::move(advice));
  error.set_code(std::move(code));
  return error;
}

void throw_fault(const AzureFault& fault, std::string what) {
  Error error = to_error(fault, std::move(what));
  throw_error(error.kind(), error.subject(), error.reason(), error.advice(), error.code());
}

}  // namespace holdfast::storage
