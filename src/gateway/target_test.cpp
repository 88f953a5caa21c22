#include "gateway/target.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::gateway {
namespace {

Target path_style(std::string_view target) { return parse_target(target, "127.0.0.1:9000", ""); }

TEST(GatewayTarget, ReadsPathStyle) {
  EXPECT_EQ(path_style("/").resource, Resource::kService);
  EXPECT_EQ(path_style("/b").resource, Resource::kBucket);
  EXPECT_EQ(path_style("/b/").resource, Resource::kBucket);
  Target object = path_style("/b/a%20b/c%2Bd?x=1&acl");
  EXPECT_EQ(object.resource, Resource::kObject);
  EXPECT_EQ(object.bucket, "b");
  EXPECT_EQ(object.key, "a b/c+d");
  EXPECT_EQ(object.raw_path, "/b/a%20b/c%2Bd");
  EXPECT_EQ(object.parameter("x"), "1");
  EXPECT_TRUE(object.has("acl"));
  EXPECT_FALSE(object.has("policy"));
}

TEST(GatewayTarget, KeepsEveryByteOfTheKey) {
  EXPECT_EQ(path_style("/b//a").key, "/a");
  EXPECT_EQ(path_style("/b/a/").key, "a/");
  EXPECT_EQ(path_style("/b/a+b").key, "a+b");
  EXPECT_EQ(path_style("/b/../c").key, "../c");
  EXPECT_EQ(path_style("/b/%252e").key, "%2e");
}

TEST(GatewayTarget, ReadsVirtualHostStyle) {
  Target target = parse_target("/key/x?y", "My-Bucket.s3.local:9000", "s3.local");
  EXPECT_EQ(target.bucket, "my-bucket");
  EXPECT_EQ(target.key, "key/x");
  EXPECT_EQ(parse_target("/", "a.b.s3.local", "s3.local").bucket, "a.b");
  EXPECT_EQ(parse_target("/", "a.b.s3.local", "s3.local").resource, Resource::kBucket);
  // The domain itself, and hosts outside of it, are path style.
  EXPECT_EQ(parse_target("/b/k", "s3.local:9000", "s3.local").bucket, "b");
  EXPECT_EQ(parse_target("/b/k", "evils3.local", "s3.local").bucket, "b");
  EXPECT_EQ(parse_target("/b/k", "[::1]:9000", "s3.local").bucket, "b");
  EXPECT_EQ(parse_target("/b/k", "", "s3.local").bucket, "b");
}

TEST(GatewayTarget, TakesAWholeUrl) {
  EXPECT_EQ(path_style("http://127.0.0.1:9000/b/k").key, "k");
  EXPECT_EQ(path_style("HTTP://127.0.0.1:9000").resource, Resource::kService);
}

TEST(GatewayTarget, RefusesWhatCannotBeDecoded) {
  for (const char* bad : {"/b/%zz", "/b/%2", "/b?x=%", "b/k", "*", "", "//key"}) {
    try {
      path_style(bad);
      ADD_FAILURE() << bad;
    } catch (const InvalidArgument& error) {
      EXPECT_EQ(error.code(), "InvalidURI") << bad;
    }
  }
}

}  // namespace
}  // namespace holdfast::gateway
