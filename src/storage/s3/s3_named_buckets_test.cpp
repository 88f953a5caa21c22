#include "storage/s3/s3_named_buckets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/s3/s3_policy.h"
#include "support/s3_peer.h"

namespace holdfast::storage {
namespace {

using support::error_reply;
using support::reply;
using ::testing::HasSubstr;

class NamedBucketsTest : public ::testing::Test {
 protected:
  void open(std::deque<support::ScriptedReply> replies) {
    server_ = std::make_unique<support::ScriptedServer>(std::move(replies));
    S3Options options = support::s3_options(server_->url());
    options.named_buckets = {{"vms", "victoria-metrics-0.backup.bucketName"}, {"graph", "g"}};
    options.key_section = "minio.s3gateway";
    storage_ = make_s3_storage(options);
  }

  Context context_ = Context::background();
  std::unique_ptr<support::ScriptedServer> server_;
  std::unique_ptr<Storage> storage_;
};

TEST_F(NamedBucketsTest, AreListedWithoutAsking) {
  open({});
  const auto buckets = storage_->buckets()->list(context_);
  ASSERT_EQ(buckets.size(), 2u);
  EXPECT_EQ(buckets[0].name, "graph");
  EXPECT_EQ(buckets[1].name, "vms");
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(NamedBucketsTest, AreNeitherMadeNorRemoved) {
  open({reply(200), error_reply(404, "NoSuchBucket")});
  EXPECT_THROW(storage_->buckets()->create(context_, "vms"), PreconditionFailed);
  EXPECT_THROW(storage_->buckets()->create(context_, "vms"), NotFound);
  EXPECT_THROW(storage_->buckets()->create(context_, "other"), AccessDenied);
  EXPECT_THROW(storage_->buckets()->remove(context_, "vms"), AccessDenied);
  for (const auto& request : server_->requests()) {
    EXPECT_THAT(request.first_line(), HasSubstr("HEAD /vms"));
  }
}

TEST_F(NamedBucketsTest, AMissingOneIsToldWithItsSetting) {
  open({reply(404), error_reply(404, "NoSuchBucket")});
  const auto expect_setting = [](const auto& action) {
    try {
      action();
      FAIL() << "there is no such bucket";
    } catch (const NotFound& error) {
      EXPECT_THAT(error.advice(),
                  "create the bucket or correct victoria-metrics-0.backup.bucketName");
    }
  };
  expect_setting([&] { storage_->buckets()->info(context_, "vms"); });
  expect_setting([&] { storage_->list(context_, {.bucket = "vms"}); });
}

TEST_F(NamedBucketsTest, ARefusalNamesTheSettingOfTheKeys) {
  open({error_reply(403, "InvalidAccessKeyId")});
  try {
    storage_->list(context_, {.bucket = "vms"});
    FAIL() << "it was refused";
  } catch (const AccessDenied& error) {
    EXPECT_THAT(error.advice(), HasSubstr("(minio.s3gateway.accessKey and "));
  }
}

TEST(S3PolicyTest, IsTheDocumentedOneWithTheBucketsInUse) {
  EXPECT_EQ(s3_policy({"one", "two"}), R"({
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "AllowListMinioBackupBuckets",
            "Effect": "Allow",
            "Action": [
                "s3:ListBucket",
                "s3:GetBucketLocation"
            ],
            "Resource": [
                "arn:aws:s3:::one",
                "arn:aws:s3:::two"
            ]
        },
        {
            "Sid": "AllowWriteMinioBackupBuckets",
            "Effect": "Allow",
            "Action": [
                "s3:PutObject",
                "s3:GetObject",
                "s3:DeleteObject"
            ],
            "Resource": [
                "arn:aws:s3:::one/*",
                "arn:aws:s3:::two/*"
            ]
        }
    ]
})");
  EXPECT_THAT(s3_lifecycle(), HasSubstr("\"DaysAfterInitiation\": 7"));
}

}  // namespace
}  // namespace holdfast::storage
