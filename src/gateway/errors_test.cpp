#include "gateway/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/xml.h"
#include "storage/storage.h"

namespace holdfast::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(GatewayErrors, StorageCodesKeepTheirNames) {
  struct Case {
    std::string_view code;
    int status;
  };
  for (const Case& expected :
       {Case{storage::kNoSuchBucket, 404}, Case{storage::kNoSuchKey, 404},
        Case{storage::kNoSuchUpload, 404}, Case{storage::kInvalidPart, 400},
        Case{storage::kInvalidPartOrder, 400}, Case{storage::kEntityTooSmall, 400},
        Case{storage::kEntityTooLarge, 400}, Case{storage::kBadDigest, 400},
        Case{storage::kIncompleteBody, 400}, Case{storage::kInvalidRange, 416},
        Case{storage::kInvalidBucketName, 400}, Case{storage::kBucketNotEmpty, 409},
        Case{storage::kBucketExists, 409}, Case{storage::kKeyTooLong, 400},
        Case{storage::kNotModified, 304}}) {
    S3Error error = to_s3_error(InvalidArgument::with_code(expected.code, "x", "because"));
    EXPECT_EQ(error.code, expected.code);
    EXPECT_EQ(error.status, expected.status) << expected.code;
    EXPECT_FALSE(error.message.empty()) << expected.code;
  }
}

TEST(GatewayErrors, KindsDecideWithoutACode) {
  EXPECT_EQ(to_s3_error(NotFound("x")).status, 404);
  EXPECT_EQ(to_s3_error(PreconditionFailed("x")).code, "PreconditionFailed");
  EXPECT_EQ(to_s3_error(AccessDenied("x")).status, 403);
  EXPECT_EQ(to_s3_error(Refused("x")).status, 403);
  EXPECT_EQ(to_s3_error(Unavailable("x")).code, "SlowDown");
  EXPECT_EQ(to_s3_error(NoSpace("x")).status, 507);
  EXPECT_EQ(to_s3_error(Unsupported("x")).status, 501);
  EXPECT_EQ(to_s3_error(Cancelled("x")).status, 503);
  EXPECT_EQ(to_s3_error(DeadlineExceeded("x")).status, 503);
  EXPECT_EQ(to_s3_error(Corrupt("x")).status, 500);
  EXPECT_EQ(to_s3_error(Failed("x")).code, "InternalError");
  EXPECT_EQ(to_s3_error(InvalidArgument("x", "odd")).message, "odd");
}

TEST(GatewayErrors, TheCauseOfServerTroubleStaysInTheLog) {
  for (const S3Error& error :
       {to_s3_error(Failed("open /srv/data/b/k", "secret path /srv/data")),
        to_s3_error(Corrupt("read /srv/data", "secret path /srv/data")),
        to_s3_error(NoSpace("write /srv/data", "secret path /srv/data")),
        to_s3_error(AccessDenied("open /srv/data", "secret path /srv/data")),
        to_s3_error(Failed::with_code(storage::kBadDigest, "x", "secret path /srv/data"))}) {
    EXPECT_THAT(error.message, Not(HasSubstr("/srv/data"))) << error.code;
  }
}

TEST(GatewayErrors, TheDocumentIsWellFormedWhateverWasAskedFor) {
  http::ServerResponse response =
      error_response({"NoSuchKey", 404, "a <b> & c"}, "/b/<&>\x01", "1234", false);
  EXPECT_EQ(response.status, 404);
  codec::XmlElement document = codec::parse_xml(response.text);
  EXPECT_EQ(document.name, "Error");
  EXPECT_EQ(document.child_text("Code"), "NoSuchKey");
  EXPECT_EQ(document.child_text("Message"), "a <b> & c");
  EXPECT_EQ(document.child_text("RequestId"), "1234");
}

TEST(GatewayErrors, HeadAndNotModifiedHaveNoBody) {
  EXPECT_TRUE(error_response({"NoSuchKey", 404, "m"}, "/", "1", true).text.empty());
  EXPECT_TRUE(error_response({"NoSuchKey", 404, "m"}, "/", "1", true).head_only);
  EXPECT_TRUE(error_response({"NotModified", 304, "m"}, "/", "1", false).text.empty());
}

TEST(GatewayErrors, RefusalsOfTheServerAreDocumentsToo) {
  for (int status : {400, 408, 431, 500, 501, 505}) {
    http::ServerResponse response = refusal(status, "why");
    EXPECT_EQ(response.status, status);
    EXPECT_FALSE(codec::parse_xml(response.text).child_text("Code").empty()) << status;
    EXPECT_EQ(codec::parse_xml(response.text).child_text("Message") == "why", status != 500);
  }
  EXPECT_EQ(codec::parse_xml(refusal(408, "x").text).child_text("Code"), "RequestTimeout");
  EXPECT_EQ(codec::parse_xml(overload_document()).child_text("Code"), "SlowDown");
}

}  // namespace
}  // namespace holdfast::gateway
