#include "storage/azure/azure_errors.h"

#include <gtest/gtest.h>

namespace holdfast::storage {
namespace {

Error error_of(int status, std::string_view code, AzureFault more = {}) {
  AzureFault fault = read_azure_fault(status, code, "");
  fault.about_container = more.about_container;
  fault.conditional_write = more.conditional_write;
  return to_error(fault, "put b/k");
}

TEST(AzureErrors, CodesHaveOneMeaning) {
  struct Row {
    int status;
    const char* code;
    ErrorKind kind;
    std::string_view ours;
  };
  for (const Row& row :
       {Row{404, "BlobNotFound", ErrorKind::kNotFound, kNoSuchKey},
        Row{404, "ContainerNotFound", ErrorKind::kNotFound, kNoSuchBucket},
        Row{409, "ContainerAlreadyExists", ErrorKind::kPreconditionFailed, kBucketExists},
        Row{409, "ContainerBeingDeleted", ErrorKind::kUnavailable, ""},
        Row{409, "BlobAlreadyExists", ErrorKind::kPreconditionFailed, ""},
        Row{412, "ConditionNotMet", ErrorKind::kPreconditionFailed, ""},
        Row{403, "AuthenticationFailed", ErrorKind::kAccessDenied, ""},
        Row{416, "InvalidRange", ErrorKind::kInvalidArgument, kInvalidRange},
        Row{503, "ServerBusy", ErrorKind::kUnavailable, ""},
        Row{400, "Md5Mismatch", ErrorKind::kUnavailable, ""},
        Row{409, "LeaseIdMissing", ErrorKind::kRefused, ""}}) {
    Error error = error_of(row.status, row.code);
    EXPECT_EQ(error.kind(), row.kind) << row.code;
    EXPECT_EQ(error.code(), row.ours) << row.code;
  }
}

TEST(AzureErrors, WithoutACodeTheStatusTells) {
  EXPECT_EQ(error_of(404, "").code(), kNoSuchKey);
  EXPECT_EQ(error_of(404, "", {.about_container = true}).code(), kNoSuchBucket);
  EXPECT_EQ(error_of(304, "").code(), kNotModified);
  EXPECT_EQ(error_of(502, "").kind(), ErrorKind::kUnavailable);
  EXPECT_EQ(error_of(418, "").kind(), ErrorKind::kFailed);
  EXPECT_EQ(error_of(403, "NewCode").kind(), ErrorKind::kAccessDenied);
}

TEST(AzureErrors, IfMatchOnNothingIsAFailedCondition) {
  Error error = error_of(404, "BlobNotFound", {.conditional_write = true});
  EXPECT_EQ(error.kind(), ErrorKind::kPreconditionFailed);
  EXPECT_EQ(error.code(), "");
  EXPECT_EQ(error_of(404, "ContainerNotFound", {.conditional_write = true}).code(), kNoSuchBucket);
}

TEST(AzureErrors, DocumentsAreReadAndCleaned) {
  AzureFault fault =
      read_azure_fault(400, "",
                       "\xef\xbb\xbf<Error><Code>BadThing</Code><Message>It is\tbad.\nRequestId:7"
                       "</Message></Error>");
  EXPECT_EQ(fault.code, "BadThing");
  EXPECT_EQ(fault.message, "It is bad");
  EXPECT_EQ(read_azure_fault(400, "Header", "<Error><Code>Other</Code></Error>").code, "Header");
  EXPECT_EQ(read_azure_fault(400, "bad code\n", "<html>").code, "");
  EXPECT_EQ(
      read_azure_fault(400, "", "<Error><Code>" + std::string(65, 'x') + "</Code></Error>").code,
      "");
  EXPECT_EQ(read_azure_fault(500, "", "plain text").message, "");
}

}  // namespace
}  // namespace holdfast::storage
