#include "gateway/errors.h"

#include <array>

#include "base/random.h"
#include "codec/xml.h"
#include "storage/storage.h"

namespace holdfast::gateway {

namespace {

struct CodeRow {
  std::string_view code;
  int status;
  // What clients read; empty: the error's own reason, which then is about the request only.
  std::string_view message;
};

// By code. A code that is not here is not one that clients know: then the kind decides.
constexpr std::array kByCode = {
    CodeRow{"AccessDenied", 403, ""},
    CodeRow{"AccessForbidden", 403, ""},
    CodeRow{"AccessControlListNotSupported", 400, ""},
    CodeRow{"AuthorizationHeaderMalformed", 400, ""},
    CodeRow{"AuthorizationQueryParametersError", 400, ""},
    CodeRow{"BadDigest", 400, ""},
    CodeRow{"BucketAlreadyOwnedByYou", 409, "the bucket exists already"},
    CodeRow{"BucketNotEmpty", 409, "the bucket still holds objects or unfinished uploads"},
    CodeRow{"ConditionalRequestConflict", 409, "another request changed the object meanwhile"},
    CodeRow{"EntityTooLarge", 400, "the body is larger than allowed"},
    CodeRow{"EntityTooSmall", 400, "a part other than the last is smaller than allowed"},
    CodeRow{"IllegalVersioningConfigurationException", 400, ""},
    CodeRow{"IncompleteBody", 400, ""},
    CodeRow{"InvalidAccessKeyId", 403, "the access key is not known here"},
    CodeRow{"InvalidArgument", 400, ""},
    CodeRow{"InvalidBucketName", 400, "a bucket name is 3 to 63 of a-z, 0-9, '.' and '-'"},
    CodeRow{"InvalidBucketState", 409, "the bucket's versioning and object lock do not allow it"},
    CodeRow{"InvalidChunkSizeError", 403, ""},
    CodeRow{"InvalidDigest", 400, ""},
    CodeRow{"InvalidEncryptionAlgorithmError", 400, ""},
    CodeRow{"InvalidPart", 400, "a part is missing, or is not the one that was sent"},
    CodeRow{"InvalidPartOrder", 400, "the parts are not in rising order"},
    CodeRow{"InvalidPolicyDocument", 400, ""},
    CodeRow{"InvalidRange", 416, "the range lies outside the object"},
    CodeRow{"InvalidRequest", 400, ""},
    CodeRow{"InvalidRetentionPeriod", 400, ""},
    CodeRow{"InvalidStorageClass", 400, ""},
    CodeRow{"InvalidTag", 400, ""},
    CodeRow{"InvalidURI", 400, ""},
    CodeRow{"KeyTooLongError", 400, "the key is longer than 1,024 bytes"},
    CodeRow{"MalformedChunk", 400, ""},
    CodeRow{"MalformedPOSTRequest", 400, ""},
    CodeRow{"MalformedTrailerError", 400, ""},
    CodeRow{"MalformedXML", 400, "the document is not well-formed or not of the expected shape"},
    CodeRow{"MaxMessageLengthExceeded", 400, "the document is larger than allowed"},
    CodeRow{"MaxPostPreDataLengthExceeded", 400, ""},
    CodeRow{"MetadataTooLarge", 400, "the user metadata is larger than 2 KiB"},
    CodeRow{"MethodNotAllowed", 405, "the method is not allowed on this resource"},
    CodeRow{"MissingContentLength", 411, ""},
    CodeRow{"MissingSecurityHeader", 400, ""},
    CodeRow{"NoSuchBucket", 404, "the bucket does not exist"},
    CodeRow{"NoSuchBucketPolicy", 404, "the bucket has no policy"},
    CodeRow{"NoSuchCORSConfiguration", 404, "the bucket has no such configuration"},
    CodeRow{"NoSuchKey", 404, "the key does not exist"},
    CodeRow{"NoSuchLifecycleConfiguration", 404, "the bucket has no such configuration"},
    CodeRow{"NoSuchObjectLockConfiguration", 404, "the object has no such lock"},
    CodeRow{"NoSuchPublicAccessBlockConfiguration", 404, "the bucket has no such configuration"},
    CodeRow{"NoSuchTagSet", 404, "the bucket has no tags"},
    CodeRow{"NoSuchUpload", 404, "the upload does not exist: it was completed or aborted"},
    CodeRow{"NoSuchVersion", 404, "the version does not exist"},
    CodeRow{"NoSuchWebsiteConfiguration", 404, "the bucket has no such configuration"},
    CodeRow{"NotImplemented", 501, ""},
    CodeRow{"NotModified", 304, "the object is what the client has"},
    CodeRow{"ObjectLockConfigurationNotFoundError", 404, "the bucket has no such configuration"},
    CodeRow{"PreconditionFailed", 412, "a condition of the request does not hold"},
    CodeRow{"ReplicationConfigurationNotFoundError", 404, "the bucket has no such configuration"},
    CodeRow{"RequestTimeTooSkewed", 403, ""},
    CodeRow{"RequestTimeout", 400, "the body came too slowly"},
    CodeRow{"ServerSideEncryptionConfigurationNotFoundError", 404,
            "the bucket has no such configuration"},
    CodeRow{"SignatureDoesNotMatch", 403,
            "the signature does not match; check the secret key and what is signed"},
    CodeRow{"UnexpectedContent", 400, ""},
    CodeRow{"XAmzContentSHA256Mismatch", 400, ""},
};

constexpr std::string_view kTrouble = "the server could not do it; its log tells why";

S3Error of_kind(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kInvalidArgument:
      return {"InvalidArgument", 400, error.reason()};
    case ErrorKind::kNotFound:
      return {"NoSuchKey", 404, "the key does not exist"};
    case ErrorKind::kPreconditionFailed:
      return {"PreconditionFailed", 412, "a condition of the request does not hold"};
    case ErrorKind::kAccessDenied:
      return {"AccessDenied", 403, "access is denied"};
    case ErrorKind::kRefused:
      return {"AccessDenied", 403, "the storage takes no such change"};
    case ErrorKind::kUnavailable:
      return {"SlowDown", 503, "the storage is not available for now; try again"};
    case ErrorKind::kNoSpace:
      return {"XMinioStorageFull", 507, "the storage is full"};
    case ErrorKind::kUnsupported:
      return {"NotImplemented", 501, "this storage cannot do it"};
    case ErrorKind::kCancelled:
    case ErrorKind::kDeadlineExceeded:
      return {"ServiceUnavailable", 503, "the request took too long or the server stops"};
    case ErrorKind::kCorrupt:
    case ErrorKind::kFailed:
      break;
  }
  return {"InternalError", 500, std::string(kTrouble)};
}

// A driver may use a code for trouble of its own (an upstream's AccessDenied carries paths and
// names in its reason): only what the request itself caused is told word for word.
bool tells_reason(const Error& error) {
  return error.kind() == ErrorKind::kInvalidArgument || error.kind() == ErrorKind::kAccessDenied ||
         error.kind() == ErrorKind::kUnsupported;
}

}  // namespace

S3Error to_s3_error(const Error& error) {
  for (const CodeRow& row : kByCode) {
    if (row.code != error.code()) continue;
    std::string message(row.message);
    if (message.empty()) message = tells_reason(error) ? error.reason() : std::string(kTrouble);
    return {std::string(row.code), row.status, std::move(message)};
  }
  return of_kind(error);
}

namespace {

std::string error_document(const S3Error& error, std::string_view resource,
                           std::string_view request_id) {
  codec::XmlWriter xml("Error", "");
  xml.element("Code", error.code);
  xml.element("Message", error.message);
  xml.element("Resource", resource);
  xml.element("RequestId", request_id);
  xml.element("HostId", "holdfast");
  return xml.finish();
}

std::string_view code_of_status(int status) {
  switch (status) {
    case 408:
      return "RequestTimeout";
    case 431:
      return "RequestHeaderSectionTooLarge";
    case 501:
      return "NotImplemented";
    case 503:
      return "SlowDown";
    default:
      return status >= 500 ? "InternalError" : "InvalidRequest";
  }
}

}  // namespace

http::ServerResponse error_response(const S3Error& error, std::string_view resource,
                                    std::string_view request_id, bool is_head) {
  http::ServerResponse response;
  response.status = error.status;
  if (is_head || error.status == 304) {
    response.head_only = true;
    return response;
  }
  response.headers.emplace_back("Content-Type", "application/xml");
  response.text = error_document(error, resource, request_id);
  return response;
}

http::ServerResponse refusal(int status, std::string_view why) {
  // Why a handler failed is for the log.
  std::string message(status == 500 ? kTrouble : why);
  return error_response({std::string(code_of_status(status)), status, std::move(message)}, "",
                        random_hex(8), false);
}

std::string overload_document() {
  return error_document({std::string(code_of_status(503)), 503, "the server is busy; try again"},
                        "", "");
}

}  // namespace holdfast::gateway
