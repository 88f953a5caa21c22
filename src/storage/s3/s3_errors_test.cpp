#include "storage/s3/s3_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::storage {
namespace {

using testing::HasSubstr;

std::string document(std::string_view code, std::string_view message = "It did not work.") {
  return "<Error><Code>" + std::string(code) + "</Code><Message>" + std::string(message) +
         "</Message><Region>eu-west-1</Region></Error>";
}

struct Case {
  int status;
  std::string_view code;
  ErrorKind kind;
  std::string_view our_code;
};

TEST(S3ErrorsTest, CodesBecomeOurKinds) {
  const Case cases[] = {
      {404, "NoSuchKey", ErrorKind::kNotFound, kNoSuchKey},
      {404, "NoSuchBucket", ErrorKind::kNotFound, kNoSuchBucket},
      {404, "NoSuchUpload", ErrorKind::kNotFound, kNoSuchUpload},
      {412, "PreconditionFailed", ErrorKind::kPreconditionFailed, ""},
      {409, "ConditionalRequestConflict", ErrorKind::kUnavailable, "ConditionalRequestConflict"},
      {409, "OperationAborted", ErrorKind::kUnavailable, "OperationAborted"},
      {409, "BucketAlreadyOwnedByYou", ErrorKind::kPreconditionFailed, kBucketExists},
      {409, "BucketAlreadyExists", ErrorKind::kPreconditionFailed, "BucketAlreadyExists"},
      {409, "BucketNotEmpty", ErrorKind::kPreconditionFailed, kBucketNotEmpty},
      {403, "AccessDenied", ErrorKind::kAccessDenied, "AccessDenied"},
      {403, "InvalidAccessKeyId", ErrorKind::kAccessDenied, "InvalidAccessKeyId"},
      {403, "SignatureDoesNotMatch", ErrorKind::kAccessDenied, "SignatureDoesNotMatch"},
      {403, "RequestTimeTooSkewed", ErrorKind::kAccessDenied, "RequestTimeTooSkewed"},
      {416, "InvalidRange", ErrorKind::kInvalidArgument, kInvalidRange},
      {400, "InvalidPart", ErrorKind::kInvalidArgument, kInvalidPart},
      {400, "EntityTooSmall", ErrorKind::kInvalidArgument, kEntityTooSmall},
      {400, "XAmzContentSHA256Mismatch", ErrorKind::kInvalidArgument, kBadDigest},
      {400, "KeyTooLongError", ErrorKind::kInvalidArgument, kKeyTooLong},
      {400, "RequestTimeout", ErrorKind::kUnavailable, "RequestTimeout"},
      {400, "IncompleteBody", ErrorKind::kUnavailable, "IncompleteBody"},
      {503, "SlowDown", ErrorKind::kUnavailable, "SlowDown"},
      {500, "InternalError", ErrorKind::kUnavailable, "InternalError"},
      {507, "XMinioStorageFull", ErrorKind::kNoSpace, "XMinioStorageFull"},
      {501, "NotImplemented", ErrorKind::kUnsupported, "NotImplemented"},
      {503, "NobodyKnowsThisOne", ErrorKind::kUnavailable, "NobodyKnowsThisOne"},
      {400, "NobodyKnowsThisOne", ErrorKind::kInvalidArgument, "NobodyKnowsThisOne"},
  };
  for (const Case& one : cases) {
    Error error = to_error(read_fault(one.status, document(one.code)), "put b/k");
    EXPECT_EQ(error.kind(), one.kind) << one.code;
    EXPECT_EQ(error.code(), one.our_code) << one.code;
    EXPECT_EQ(error.subject(), "put b/k");
    EXPECT_EQ(error.reason(), "It did not work (" + std::string(one.code) + ")");
  }
}

TEST(S3ErrorsTest, StatusesAloneSayEnough) {
  const Case cases[] = {
      {304, "", ErrorKind::kPreconditionFailed, kNotModified},
      {401, "", ErrorKind::kAccessDenied, ""},
      {403, "", ErrorKind::kAccessDenied, ""},
      {404, "", ErrorKind::kNotFound, kNoSuchKey},
      {409, "", ErrorKind::kUnavailable, ""},
      {412, "", ErrorKind::kPreconditionFailed, ""},
      {416, "", ErrorKind::kInvalidArgument, kInvalidRange},
      {429, "", ErrorKind::kUnavailable, ""},
      {500, "", ErrorKind::kUnavailable, ""},
      {502, "", ErrorKind::kUnavailable, ""},
      {504, "", ErrorKind::kUnavailable, ""},
      {507, "", ErrorKind::kNoSpace, ""},
      {599, "", ErrorKind::kUnavailable, ""},
      {418, "", ErrorKind::kFailed, ""},
  };
  for (const Case& one : cases) {
    for (std::string_view body : {"", "<html><p>gateway</html>", "<Error/>", "<Other/>", "\n\n"}) {
      Error error = to_error(read_fault(one.status, body), "get b/k");
      EXPECT_EQ(error.kind(), one.kind) << one.status << body;
      EXPECT_EQ(error.code(), one.our_code) << one.status << body;
      EXPECT_FALSE(error.reason().empty());
    }
  }
}

TEST(S3ErrorsTest, AMissingBucketIsToldFromAMissingObject) {
  S3Fault fault{.status = 404, .about_bucket = true};
  Error error = to_error(fault, "list bucket");
  EXPECT_EQ(error.code(), kNoSuchBucket);
  EXPECT_EQ(error.reason(), "no such bucket");
  EXPECT_THAT(error.advice(), HasSubstr("create the bucket"));
}

TEST(S3ErrorsTest, AConditionalWriteOfAMissingObjectFailsItsCondition) {
  S3Fault fault = read_fault(404, document("NoSuchKey"));
  fault.conditional_write = true;
  EXPECT_EQ(to_error(fault, "put").kind(), ErrorKind::kPreconditionFailed);
  EXPECT_EQ(to_error(fault, "put").code(), "");
  fault = read_fault(404, document("NoSuchBucket"));
  fault.conditional_write = true;
  EXPECT_EQ(to_error(fault, "put").kind(), ErrorKind::kNotFound);
}

TEST(S3ErrorsTest, AdviceNamesTheKeysAndTheRegion) {
  auto advice = [](int status, std::string_view code) {
    return to_error(read_fault(status, document(code)), "get b/k").advice();
  };
  EXPECT_THAT(advice(403, "InvalidAccessKeyId"), HasSubstr("minio.accessKey and minio.secretKey"));
  EXPECT_THAT(advice(403, "AccessDenied"), HasSubstr("minio.accessKey"));
  EXPECT_THAT(advice(403, "RequestTimeTooSkewed"), HasSubstr("clock"));
  EXPECT_EQ(advice(301, "PermanentRedirect"), "set the region to eu-west-1");
  EXPECT_EQ(advice(404, "NoSuchKey"), "");
}

TEST(S3ErrorsTest, TextsFromOutsideAreCutAndCleaned) {
  std::string evil = "line one&#10;\x7f" + std::string(1000, 'x');
  Error error = to_error(read_fault(500, document("InternalError", evil)), "get b/k");
  EXPECT_THAT(error.reason(), HasSubstr("line one "));
  EXPECT_LT(error.reason().size(), 300u);
  EXPECT_EQ(error.to_string().find('\n'), std::string::npos);
  EXPECT_EQ(read_fault(500, document("Bad&#10;Code")).code, "");
  EXPECT_EQ(read_fault(500, document(std::string(65, 'A'))).code, "");
}

TEST(S3ErrorsTest, ThrowsTheClassOfTheKind) {
  EXPECT_THROW(throw_fault({.status = 503}, "get"), Unavailable);
  EXPECT_THROW(throw_fault({.status = 404}, "get"), NotFound);
}

}  // namespace
}  // namespace holdfast::storage
