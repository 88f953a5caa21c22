#include "gateway/ops/list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::GatewayTest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ListTest : public GatewayTest {
 protected:
  GatewayAnswer list(const std::string& query) { return root.send("GET", "/bucket?" + query); }

  static std::vector<std::string> texts(const codec::XmlElement& document, std::string_view element,
                                        std::string_view child) {
    std::vector<std::string> found;
    for (const codec::XmlElement& each : document.children) {
      if (each.name == element) found.push_back(each.child_text(child));
    }
    return found;
  }
  static std::vector<std::string> keys(const GatewayAnswer& answer) {
    return texts(answer.xml(), "Contents", "Key");
  }
  static std::vector<std::string> prefixes(const GatewayAnswer& answer) {
    return texts(answer.xml(), "CommonPrefixes", "Prefix");
  }
  void put_all(std::initializer_list<const char*> names) {
    for (const char* name : names) ASSERT_EQ(put(name, "x").status, 200);
  }
};

TEST_F(ListTest, Version1GivesKeysInOrderWithTheirProperties) {
  put_all({"b", "a/2", "a/1", "a-"});
  GatewayAnswer answer = list("");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(keys(answer), ElementsAre("a-", "a/1", "a/2", "b"));
  codec::XmlElement document = answer.xml();
  EXPECT_EQ(document.name, "ListBucketResult");
  EXPECT_EQ(document.child_text("Name"), "bucket");
  EXPECT_EQ(document.child_text("MaxKeys"), "1000");
  EXPECT_EQ(document.child_text("IsTruncated"), "false");
  EXPECT_NE(document.child("Prefix"), nullptr);
  EXPECT_NE(document.child("Marker"), nullptr);
  const codec::XmlElement* first = document.child("Contents");
  EXPECT_EQ(first->child_text("Size"), "1");
  EXPECT_EQ(first->child_text("StorageClass"), "STANDARD");
  EXPECT_EQ(first->child_text("ETag"), "\"9dd4e461268c8034f5c8564e155c67a6\"");
  EXPECT_EQ(first->child_text("LastModified").size(),
            std::string("2026-11-22T14:31:20.000Z").size());
  EXPECT_NE(first->child("Owner"), nullptr);
}

TEST_F(ListTest, Version1PagesByMarker) {
  put_all({"a/1", "a/2", "b", "c/1"});
  GatewayAnswer answer = list("max-keys=2");
  EXPECT_THAT(keys(answer), ElementsAre("a/1", "a/2"));
  EXPECT_EQ(answer.xml().child_text("IsTruncated"), "true");
  EXPECT_EQ(answer.xml().child("NextMarker"), nullptr);
  EXPECT_THAT(keys(list("marker=a/2")), ElementsAre("b", "c/1"));

  answer = list("delimiter=/&max-keys=1");
  EXPECT_THAT(prefixes(answer), ElementsAre("a/"));
  EXPECT_EQ(answer.xml().child_text("NextMarker"), "a/");
  answer = list("delimiter=/&marker=a/&max-keys=2");
  EXPECT_THAT(keys(answer), ElementsAre("b"));
  EXPECT_THAT(prefixes(answer), ElementsAre("c/"));
  EXPECT_EQ(answer.xml().child_text("IsTruncated"), "false");
}

TEST_F(ListTest, Version2PagesByToken) {
  put_all({"a/1", "a/2", "b", "c/1", "d"});
  GatewayAnswer answer = list("list-type=2&delimiter=/&max-keys=2");
  EXPECT_THAT(prefixes(answer), ElementsAre("a/"));
  EXPECT_THAT(keys(answer), ElementsAre("b"));
  EXPECT_EQ(answer.xml().child_text("KeyCount"), "2");
  EXPECT_EQ(answer.xml().child("Contents")->child("Owner"), nullptr);
  const std::string token = answer.xml().child_text("NextContinuationToken");
  ASSERT_NE(token, "");
  answer = list("list-type=2&delimiter=/&continuation-token=" +
                codec::uri_encode(token, codec::Slash::kEncode));
  EXPECT_THAT(prefixes(answer), ElementsAre("c/"));
  EXPECT_THAT(keys(answer), ElementsAre("d"));
  EXPECT_EQ(answer.xml().child_text("ContinuationToken"), token);
  EXPECT_EQ(answer.xml().child("NextContinuationToken"), nullptr);
  // An empty token is that of the first page.
  answer = list("list-type=2&delimiter=/&continuation-token=");
  EXPECT_THAT(prefixes(answer), ElementsAre("a/", "c/"));
  EXPECT_NE(answer.xml().child("ContinuationToken"), nullptr);
}

TEST_F(ListTest, Version2KnowsStartAfterAndOwners) {
  put_all({"a", "b", "c"});
  GatewayAnswer answer = list("list-type=2&start-after=a&fetch-owner=true&prefix=");
  EXPECT_THAT(keys(answer), ElementsAre("b", "c"));
  EXPECT_EQ(answer.xml().child_text("StartAfter"), "a");
  EXPECT_EQ(answer.xml().child("Contents")->child("Owner")->child_text("ID"), "holdfast");
}

TEST_F(ListTest, APageOfNothingIsTheEnd) {
  put_all({"a"});
  for (const char* query : {"max-keys=0", "list-type=2&max-keys=0"}) {
    GatewayAnswer answer = list(query);
    EXPECT_EQ(answer.status, 200) << query;
    EXPECT_THAT(keys(answer), IsEmpty());
    EXPECT_EQ(answer.xml().child_text("IsTruncated"), "false");
    EXPECT_EQ(answer.xml().child_text("MaxKeys"), "0");
  }
  EXPECT_EQ(root.send("GET", "/nowhere?max-keys=0").code(), "NoSuchBucket");
}

TEST_F(ListTest, NamesAreEncodedOnRequest) {
  put_all({"a%20%2B&<%c3%a4", "dir%20x/1"});
  GatewayAnswer answer = list("list-type=2&encoding-type=url&delimiter=/&prefix=");
  EXPECT_THAT(keys(answer), ElementsAre("a%20%2B%26%3C%C3%A4"));
  EXPECT_THAT(prefixes(answer), ElementsAre("dir%20x/"));
  EXPECT_EQ(answer.xml().child_text("EncodingType"), "url");
  answer = list("list-type=2");
  EXPECT_THAT(keys(answer), ElementsAre("a +&<\xc3\xa4", "dir x/1"));
  EXPECT_EQ(answer.xml().child("EncodingType"), nullptr);
  answer = list("encoding-type=url&marker=dir%20w&prefix=dir%20&delimiter=%26");
  EXPECT_EQ(answer.xml().child_text("Marker"), "dir%20w");
  EXPECT_EQ(answer.xml().child_text("Prefix"), "dir%20");
  EXPECT_EQ(answer.xml().child_text("Delimiter"), "%26");
}

TEST_F(ListTest, RefusesParametersThatAreNone) {
  for (const char* query : {"max-keys=-1", "max-keys=a", "max-keys=", "encoding-type=base64",
                            "list-type=3", "list-type=2&continuation-token=%21"}) {
    GatewayAnswer answer = list(query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.code(), "InvalidArgument") << query;
  }
  EXPECT_EQ(root.send("GET", "/nowhere").code(), "NoSuchBucket");
  EXPECT_EQ(list("max-keys=999999999999").xml().child_text("MaxKeys"), "1000");
}

TEST_F(ListTest, EveryObjectIsItsOnlyVersion) {
  put_all({"a", "b", "c"});
  GatewayAnswer answer = list("versions&max-keys=2");
  codec::XmlElement document = answer.xml();
  EXPECT_EQ(document.name, "ListVersionsResult");
  EXPECT_THAT(texts(document, "Version", "Key"), ElementsAre("a", "b"));
  EXPECT_THAT(texts(document, "Version", "VersionId"), ElementsAre("null", "null"));
  EXPECT_EQ(document.child_text("NextKeyMarker"), "b");
  answer = list("versions&key-marker=b&version-id-marker=null");
  EXPECT_THAT(texts(answer.xml(), "Version", "Key"), ElementsAre("c"));
}

TEST_F(ListTest, AThousandKeysAreAPage) {
  for (int i = 0; i < 1001; ++i) ASSERT_EQ(put("k" + std::to_string(10'000 + i), "").status, 200);
  GatewayAnswer answer = list("list-type=2&max-keys=5000");
  EXPECT_EQ(keys(answer).size(), 1000u);
  EXPECT_EQ(answer.xml().child_text("IsTruncated"), "true");
}

}  // namespace
}  // namespace holdfast::gateway
