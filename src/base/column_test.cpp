#include "base/column.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Column, CountsCharactersFromOne) {
  EXPECT_EQ(column_of("0 3 x", 0), 1U);
  EXPECT_EQ(column_of("0 3 x", 4), 5U);
  EXPECT_EQ(column_of("\u00e9\u4e16x", 5), 3U);
  EXPECT_EQ(column_of("", 0), 1U);
  EXPECT_EQ(column_of("abc", 99), 4U);
}

TEST(Column, ShowsNoControlCharacter) {
  EXPECT_EQ(shown_in_error("a\nb\x1b[31m\x7f"), "a?b?[31m?");
  EXPECT_EQ(shown_in_error("abcdef", 3), "abc");
}

}  // namespace
}  // namespace holdfast
