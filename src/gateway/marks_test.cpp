#include "gateway/marks.h"

#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::VersionedGatewayTest;

std::string tagging(const std::string& tags) {
  return "<Tagging><TagSet>" + tags + "</TagSet></Tagging>";
}
std::string tag(const std::string& name, const std::string& value) {
  return "<Tag><Key>" + name + "</Key><Value>" + value + "</Value></Tag>";
}

TEST_F(VersionedGatewayTest, TagsArePutReadAndDeleted) {
  put("a", "1", {{"x-amz-tagging", "colour=red&empty=&sp%20ace=a%2Bb"}});
  GatewayAnswer head = send("HEAD", "/a");
  EXPECT_EQ(head.header("x-amz-tagging-count"), "3");
  EXPECT_EQ(head.header("x-amz-version-id"), "");
  const codec::XmlElement document = send("GET", "/a?tagging").xml();
  const auto& tags = document.children.at(0).children;
  ASSERT_EQ(tags.size(), 3u);
  EXPECT_EQ(tags[2].child_text("Key"), "sp ace");
  EXPECT_EQ(tags[2].child_text("Value"), "a+b");
  EXPECT_EQ(send("PUT", "/a?tagging", tagging(tag("x", "y"))).status, 200);
  EXPECT_EQ(send("HEAD", "/a").header("x-amz-tagging-count"), "1");
  EXPECT_EQ(send("DELETE", "/a?tagging").status, 204);
  EXPECT_EQ(send("HEAD", "/a").header("x-amz-tagging-count"), "");
  EXPECT_EQ(send("GET", "/a").body, "1");
  EXPECT_EQ(send("PUT", "/none?tagging", tagging("")).code(), "NoSuchKey");
  EXPECT_EQ(send("GET", "/none?tagging").code(), "NoSuchKey");
}

TEST_F(VersionedGatewayTest, TagsOutsideTheirLimitsAreRefused) {
  put("a", "1");
  std::string many, header;
  for (int i = 0; i < 11; ++i) {
    many += tag("k" + std::to_string(i), "v");
    header += "&k" + std::to_string(i) + "=v";
  }
  const std::string long_name(129, 'n'), long_value(257, 'v');
  EXPECT_EQ(send("PUT", "/a?tagging", tagging(many)).code(), "InvalidTag");
  EXPECT_EQ(send("PUT", "/a", "1", {{"x-amz-tagging", header.substr(1)}}).code(), "InvalidTag");
  EXPECT_EQ(send("PUT", "/a?tagging", tagging(tag(long_name, "v"))).code(), "InvalidTag");
  EXPECT_EQ(send("PUT", "/a?tagging", tagging(tag("k", long_value))).code(), "InvalidTag");
  EXPECT_EQ(send("PUT", "/a?tagging", tagging(tag("k", "1") + tag("k", "2"))).code(), "InvalidTag");
  EXPECT_EQ(send("PUT", "/a?tagging", tagging(tag("aws:k", "1"))).code(), "InvalidTag");
  EXPECT_EQ(send("PUT", "/a?tagging", tagging("<Tag/>")).code(), "MalformedXML");
  EXPECT_EQ(send("PUT", "/a?tagging", "<Tagging/>").code(), "MalformedXML");
  const std::string wide(128 * 2, '\xc3');
  std::string umlauts;
  for (int i = 0; i < 128; ++i) umlauts += "\xc3\xa4";
  EXPECT_EQ(send("PUT", "/a?tagging", tagging(tag(umlauts, "v"))).status, 200);
  EXPECT_EQ(send("HEAD", "/a").header("x-amz-tagging-count"), "1");
}

TEST_F(VersionedGatewayTest, CopiesKeepTagsUnlessToldOtherwise) {
  put("a", "1", {{"x-amz-tagging", "k=v"}});
  auto copy = [&](codec::Headers headers) {
    headers.emplace_back("x-amz-copy-source", "/bucket/a");
    EXPECT_EQ(send("PUT", "/b", "", headers).status, 200);
    return tags_of_document(send("GET", "/b?tagging").xml());
  };
  EXPECT_EQ(copy({}), (Tags{{"k", "v"}}));
  EXPECT_EQ(copy({{"x-amz-tagging", "x=y"}}), (Tags{{"k", "v"}}));
  EXPECT_EQ(copy({{"x-amz-tagging", "x=y"}, {"x-amz-tagging-directive", "REPLACE"}}),
            (Tags{{"x", "y"}}));
  EXPECT_EQ(copy({{"x-amz-tagging-directive", "REPLACE"}}), Tags{});
}

}  // namespace
}  // namespace holdfast::gateway
