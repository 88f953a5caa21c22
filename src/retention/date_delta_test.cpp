#include "retention/date_delta.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::retention {
namespace {

using testing::HasSubstr;

std::string meant(std::string_view text, const char* now = "2026-03-31T03:00:00Z",
                  const char* zone = "UTC") {
  Zone in = Zone::named(zone);
  auto time = std::chrono::floor<std::chrono::seconds>(parse_rfc3339(now));
  return format_rfc3339(moment_of_delta(text, time, in), in);
}

std::string refusal(std::string_view text) {
  try {
    return "accepted: " + meant(text);
  } catch (const InvalidArgument& error) {
    return error.to_string();
  }
}

TEST(DateDelta, the_chart_s_defaults) {
  EXPECT_EQ(meant("30 days ago"), "2026-03-01T03:00:00Z");
  EXPECT_EQ(meant("365 days ago"), "2025-03-31T03:00:00Z");
  EXPECT_EQ(meant("days = 30"), "2026-03-01T03:00:00Z");
  EXPECT_EQ(meant("days = 365"), "2025-03-31T03:00:00Z");
}

TEST(DateDelta, timedelta_takes_every_unit) {
  EXPECT_EQ(meant("days = 30, hours = 2"), "2026-03-01T01:00:00Z");
  EXPECT_EQ(meant("weeks=1,minutes=3,seconds=5"), "2026-03-24T02:56:55Z");
  EXPECT_EQ(meant(" hours = 1.5 , "), "2026-03-31T01:30:00Z");
  EXPECT_EQ(meant("milliseconds = 1500"), "2026-03-31T02:59:58Z");
  EXPECT_EQ(meant("microseconds = 1"), "2026-03-31T02:59:59Z");
  EXPECT_EQ(meant("days = .5"), "2026-03-30T15:00:00Z");
  EXPECT_EQ(meant("days = 1, hours = -24"), "2026-03-31T03:00:00Z");
  EXPECT_EQ(meant("days = 36525000"), "-97976-03-11T03:00:00Z");
}

TEST(DateDelta, timedelta_keeps_the_wall_clock) {
  EXPECT_EQ(meant("days = 3", "2026-11-02T06:30:00Z", "America/New_York"),
            "2026-10-30T01:30:00-04:00");
}

TEST(DateDelta, timedelta_is_read_and_not_run) {
  for (const char* text : {"days = 7*4",
                           "days = __import__('os').system('id')",
                           "days = int(30)",
                           "days = 1e3",
                           "days =",
                           "days = -",
                           "days = .",
                           "days = 1.2.3",
                           "days = 30; hours = 1",
                           "days = 30 hours = 1",
                           "years = 1",
                           "=",
                           "= 30",
                           "days == 30",
                           "days = 30,, hours = 1",
                           "days = 1, days = 2",
                           "days = 36525001",
                           "weeks = 9999999999999999999",
                           "days = 99999999999999",
                           "Days = 30"}) {
    EXPECT_THROW(meant(text), InvalidArgument) << text;
  }
}

TEST(DateDelta, tells_what_is_wrong) {
  EXPECT_EQ(
      refusal("30d"),
      "date '30d': column 1: no hour 30; allowed: what GNU date knows, such as 30 days ago, 1 "
      "month ago, yesterday 03:00, last monday, 2026-01-31 03:00; units sec, min, hour, day, "
      "week, fortnight, month, year");
  EXPECT_THAT(refusal("noon tomorrow"), HasSubstr("'noon' is no word that is known here"));
  EXPECT_THAT(refusal("2026-02-30"), HasSubstr("no such date"));
  EXPECT_THAT(refusal("years = 3"), HasSubstr("'years' is none of weeks, days"));
  EXPECT_THAT(refusal(std::string(1025, ' ')), HasSubstr("longer than 1024 bytes"));
  EXPECT_THAT(refusal("days = " + std::string(2000, '1')), HasSubstr("longer than 1024 bytes"));
}

TEST(DateDelta, a_zone_in_a_phrase_is_no_timedelta) {
  EXPECT_EQ(meant("(days = 3) 1 day ago"), meant("1 day ago"));
  EXPECT_EQ(meant("TZ=\"America/New_York\" 03:00"), "2026-03-30T07:00:00Z");
  EXPECT_THROW(meant("TZ=\"Mars/Olympus\" 03:00"), InvalidArgument);
  EXPECT_THROW(meant("TZ=\"UTC 03:00"), InvalidArgument);
}

TEST(DateDelta, a_cutoff_stays_within_wall_time) {
  WallTime now = parse_rfc3339("2026-03-31T03:00:00.9Z");
  EXPECT_EQ(cutoff_of("30 days ago", now, Zone::utc()), parse_rfc3339("2026-03-01T03:00:00Z"));
  EXPECT_LT(cutoff_of("99999 years ago", now, Zone::utc()) - WallTime::min(),
            std::chrono::hours(1));
  EXPECT_LT(WallTime::max() - cutoff_of("99999 years", now, Zone::utc()), std::chrono::hours(1));
}

}  // namespace
}  // namespace holdfast::retention
