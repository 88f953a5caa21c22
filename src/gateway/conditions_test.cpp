#include "gateway/conditions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::gateway {
namespace {

using ::testing::ElementsAre;

http::ServerRequest with(std::vector<std::pair<std::string, std::string>> headers) {
  return {.headers = std::move(headers)};
}

TEST(GatewayConditions, ReadsEntityTags) {
  EXPECT_THAT(parse_etags(R"("abc")"), ElementsAre("abc"));
  EXPECT_THAT(parse_etags(R"(W/"abc", def ,"")"), ElementsAre("abc", "def", ""));
  EXPECT_THAT(parse_etags("*"), ElementsAre("*"));
  EXPECT_THAT(parse_etags(""), ElementsAre(""));
}

TEST(GatewayConditions, ReadsThoseOfReads) {
  auto condition = read_condition(with({{"If-Match", "\"a\",\"b\""}, {"If-None-Match", "\"c\""}}));
  EXPECT_THAT(condition.etag_is, ElementsAre("a", "b"));
  EXPECT_THAT(condition.etag_is_not, ElementsAre("c"));
  EXPECT_TRUE(read_condition(with({{"if-match", "*"}})).must_exist);
  EXPECT_TRUE(read_condition(with({{"if-none-match", "*"}})).must_not_exist);
  EXPECT_TRUE(read_condition(with({})).empty());
}

TEST(GatewayConditions, DatesGiveWayToEntityTags) {
  const std::string date = "Sun, 22 Nov 2026 14:31:20 GMT";
  auto alone = read_condition(with({{"If-Modified-Since", date}, {"If-Unmodified-Since", date}}));
  EXPECT_EQ(alone.modified_since, parse_http_date(date));
  EXPECT_EQ(alone.unmodified_since, parse_http_date(date));
  auto beside = read_condition(with({{"If-Modified-Since", date},
                                     {"If-None-Match", "x"},
                                     {"If-Unmodified-Since", date},
                                     {"If-Match", "x"}}));
  EXPECT_EQ(beside.modified_since, std::nullopt);
  EXPECT_EQ(beside.unmodified_since, std::nullopt);
  EXPECT_TRUE(read_condition(with({{"If-Modified-Since", "yesterday"}})).empty());
}

TEST(GatewayConditions, ReadsThoseOfACopySource) {
  auto condition = copy_source_condition(
      with({{"x-amz-copy-source-if-match", "\"a\""}, {"if-match", "\"other\""}}));
  EXPECT_THAT(condition.etag_is, ElementsAre("a"));
}

TEST(GatewayConditions, WritesKnowNoDates) {
  auto condition =
      write_condition(with({{"If-Unmodified-Since", "Sun, 22 Nov 2026 14:31:20 GMT"}}));
  EXPECT_TRUE(condition.empty());
  EXPECT_TRUE(write_condition(with({{"If-None-Match", "*"}})).must_not_exist);
}

TEST(GatewayConditions, ReadsRanges) {
  auto range = parse_range("bytes=2-5");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 2u);
  EXPECT_EQ(range->last, 5u);
  EXPECT_EQ(parse_range("bytes=7-")->last, std::nullopt);
  EXPECT_EQ(parse_range("Bytes= 7 - ")->first, 7u);
  EXPECT_EQ(parse_range("bytes=-3")->suffix, 3u);
  EXPECT_EQ(parse_range("bytes=-0")->suffix, 0u);
}

TEST(GatewayConditions, WhatIsNoSingleRangeMeansTheWhole) {
  for (const char* text :
       {"bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=0-1,4-5", "lines=1-2", "0-5",
        "bytes=1", "bytes=--1", "bytes=18446744073709551616-"}) {
    EXPECT_EQ(parse_range(text).has_value(), false) << text;
  }
}

}  // namespace
}  // namespace holdfast::gateway
