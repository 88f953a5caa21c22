#include "app/storage_s3.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/storages.h"
#include "base/error.h"

namespace holdfast::app {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

config::Values upstream_values() {
  config::Values values;
  values.minio.storage_kind = config::StorageKind::kS3;
  values.minio.s3.access_key = "key";
  values.minio.s3.secret_key = Secret("secret");
  values.stackgraph.bucket_name = values.holdfast.catalog.bucket_name = "graph";
  values.stackgraph.enabled = true;
  return values;
}

codec::Credentials keys_of(const storage::S3Options& options) {
  return options.credential_source->get(Context::background());
}

TEST(StorageS3Test, AnEmptyEndpointIsAwsInItsRegion) {
  config::Values values = upstream_values();
  storage::S3Options options = s3_upstream_options(values, {});
  EXPECT_EQ(options.endpoint, "https://s3.us-east-1.amazonaws.com");
  EXPECT_FALSE(options.path_style);
  options = s3_upstream_options(values, {{"AWS_REGION", "eu-west-1"}});
  EXPECT_EQ(options.endpoint, "https://s3.eu-west-1.amazonaws.com");
  values.minio.s3.region = "us-west-2";
  options = s3_upstream_options(values, {{"AWS_REGION", "eu-west-1"}});
  EXPECT_EQ(options.region, "us-west-2");
}

TEST(StorageS3Test, AnotherEndpointIsSpokenToByPath) {
  config::Values values = upstream_values();
  values.minio.s3.endpoint = "https://s3.example.org:9000";
  values.minio.s3.ca_file = "/etc/own.pem";
  storage::S3Options options = s3_upstream_options(values, {});
  EXPECT_TRUE(options.path_style);
  EXPECT_EQ(options.client.ca_file, "/etc/own.pem");
  values.minio.s3.addressing = config::Addressing::kHost;
  EXPECT_FALSE(s3_upstream_options(values, {}).path_style);
}

TEST(StorageS3Test, KeysComeFromTheValuesElseFromTheEnvironment) {
  config::Values values = upstream_values();
  const config::Environment environment = {{"AWS_ACCESS_KEY_ID", "variable"},
                                           {"AWS_SECRET_ACCESS_KEY", "other"},
                                           {"AWS_SESSION_TOKEN", "session"}};
  EXPECT_EQ(keys_of(s3_upstream_options(values, environment)).access_key, "key");
  values.minio.s3.access_key.clear();
  const codec::Credentials keys = keys_of(s3_upstream_options(values, environment));
  EXPECT_EQ(keys.access_key, "variable");
  EXPECT_EQ(keys.secret_key.reveal(), "other");
  EXPECT_EQ(keys.session_token, "session");
}

TEST(StorageS3Test, WithoutAnyKeysItSaysWhichToSet) {
  config::Values values = upstream_values();
  values.minio.s3.access_key.clear();
  EXPECT_THROW(s3_upstream_options(values, {{"AWS_EC2_METADATA_DISABLED", "true"}}),
               InvalidArgument);
}

TEST(StorageS3Test, TheBucketsInUseAndWhatNamesThem) {
  config::Values values = upstream_values();
  values.configuration.enabled = true;
  values.configuration.bucket_name = "sts-configuration-backup";
  values.clickhouse.bucket_name = "off";
  EXPECT_THAT(buckets_in_use(values), ElementsAre(Pair("graph", "backup.stackGraph.bucketName")));
  values.configuration.bucket_name = "settings";
  values.holdfast.catalog.bucket_name = "catalog";
  EXPECT_THAT(buckets_in_use(values),
              ElementsAre(Pair("catalog", "holdfast.catalog.bucketName"),
                          Pair("graph", "backup.stackGraph.bucketName"),
                          Pair("settings", "backup.configuration.bucketName")));
}

}  // namespace
}  // namespace holdfast::app
