#include "retention/time_unit.h"

#include <gtest/gtest.h>
#include <limits>

#include "base/error.h"

namespace holdfast::retention {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(TimeValue, every_unit) {
  EXPECT_EQ(parse_time_value("30d").duration(), std::chrono::days(30));
  EXPECT_EQ(parse_time_value("12h").duration(), std::chrono::hours(12));
  EXPECT_EQ(parse_time_value("5m").duration(), std::chrono::minutes(5));
  EXPECT_EQ(parse_time_value("5s").duration(), std::chrono::seconds(5));
  EXPECT_EQ(parse_time_value("5ms").duration(), milliseconds(5));
  EXPECT_EQ(parse_time_value("5micros").duration(), std::chrono::microseconds(5));
  EXPECT_EQ(parse_time_value("5nanos").duration(), nanoseconds(5));
}

TEST(TimeValue, milliseconds_are_cut_and_capped) {
  EXPECT_EQ(parse_time_value("1999micros").milliseconds(), milliseconds(1));
  EXPECT_EQ(parse_time_value("1999999nanos").milliseconds(), milliseconds(1));
  EXPECT_EQ(parse_time_value("106752d").milliseconds(), std::chrono::days(106752));
  EXPECT_EQ(parse_time_value("9223372036854775807d").milliseconds(), milliseconds::max());
  EXPECT_EQ(parse_time_value("106752d").duration(), nanoseconds::max());
}

TEST(TimeValue, blanks_and_case) {
  EXPECT_EQ(parse_time_value("  7  H  ").to_string(), "7h");
  EXPECT_EQ(parse_time_value("5MS").to_string(), "5ms");
  // A capital M, and a small one that is not the last character, are refused.
  for (const char* text : {"5M", "5m ", "5 M "}) {
    EXPECT_THROW(parse_time_value(text), InvalidArgument) << text;
  }
}

TEST(TimeValue, zero_and_minus_one_need_no_unit) {
  EXPECT_EQ(parse_time_value(" 00 ").to_string(), "0ms");
  EXPECT_EQ(parse_time_value("-1").to_string(), "-1");
  EXPECT_EQ(parse_time_value("-001").duration(), milliseconds(-1));
  EXPECT_EQ(parse_time_value("-01d").to_string(), "-1");
  for (const char* text : {"1", "+1", "+0", "-0", "-2", "-2d", "-11"}) {
    EXPECT_THROW(parse_time_value(text), InvalidArgument) << text;
  }
}

TEST(TimeValue, digits_of_every_script) {
  EXPECT_EQ(parse_time_value("\u0663d").to_string(), "3d");
  EXPECT_EQ(parse_time_value("+\u0967\u0968h").to_string(), "12h");
  EXPECT_EQ(parse_time_value("\uff13d").to_string(), "3d");
  // Not digits, broken UTF-8, and what Java reads as two units of UTF-16.
  for (const char* text : {"\u00b2d",
                           "\xef\xbc"
                           "d",
                           "\xff"
                           "d",
                           "\xf0\x9d\x9f\x8e"
                           "d",
                           "\xc0"
                           "d"}) {
    EXPECT_THROW(parse_time_value(text), InvalidArgument) << text;
  }
}

TEST(TimeValue, whole_numbers_only) {
  for (const char* text : {"1.5d", "1e3d", "d", "ms", "", " ", "1 0d", "0x1d", "--1d", "+-1d",
                           "1us", "1w", "1y", "1min", "9223372036854775808nanos"}) {
    EXPECT_THROW(parse_time_value(text), InvalidArgument) << text;
  }
  EXPECT_THROW(parse_time_value(std::string(1024, '0') + "1d"), InvalidArgument);
}

}  // namespace
}  // namespace holdfast::retention
