#include "gateway/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(GatewayText, ComparesWithoutCase) {
  EXPECT_TRUE(equal_ignoring_case("X-Amz-Date", "x-amz-date"));
  EXPECT_FALSE(equal_ignoring_case("host", "hosts"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
  EXPECT_EQ(to_lower("ABCxyz-09"), "abcxyz-09");
}

TEST(GatewayText, SplitsListsAndDropsEmptyPieces) {
  EXPECT_THAT(split_list(" a , ,b\t,", ','), ElementsAre("a", "b"));
  EXPECT_THAT(split_list("", ','), IsEmpty());
  EXPECT_THAT(split_list(" , ", ','), IsEmpty());
  EXPECT_THAT(split_list("one", ','), ElementsAre("one"));
}

TEST(GatewayText, ReadsNumbersStrictly) {
  EXPECT_EQ(parse_number("18446744073709551615"), 18446744073709551615u);
  EXPECT_EQ(parse_number("0"), 0u);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "1.0", "18446744073709551616", "0x1"}) {
    EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
  }
}

TEST(GatewayText, KnowsWhatMayStandInAHeader) {
  EXPECT_TRUE(is_header_value("attachment; filename=\"\xc3\xa4\"\t"));
  EXPECT_FALSE(is_header_value("a\r\nSet-Cookie: b"));
  EXPECT_FALSE(is_header_value(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_header_value("\x7f"));
}

}  // namespace
}  // namespace holdfast::gateway
