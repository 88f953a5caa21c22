#include "retention/date_phrase.h"

#include <gtest/gtest.h>
#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace holdfast::retention {
namespace {

// Every expectation here is what date of coreutils 9.1 answers.
std::string meant(std::string_view text, const char* now = "2026-03-31T03:00:00Z",
                  const char* zone = "UTC") {
  Zone in = Zone::named(zone);
  auto time = std::chrono::floor<std::chrono::seconds>(parse_rfc3339(now));
  try {
    return format_rfc3339(moment_of_phrase(text, time, in), in, true);
  } catch (const InvalidArgument&) {
    return "refused";
  }
}

constexpr const char* kNewYork = "America/New_York";

TEST(DatePhrase, ago_turns_only_what_is_before_it) {
  EXPECT_EQ(meant("1 year 2 days ago"), "2027-03-29T03:00:00+00:00");
  EXPECT_EQ(meant("1 month ago 1 day ago"), "2026-03-02T03:00:00+00:00");
  EXPECT_EQ(meant("-30 days ago"), "2026-04-30T03:00:00+00:00");
  EXPECT_EQ(meant("1 day hence"), "2026-04-01T03:00:00+00:00");
  EXPECT_EQ(meant("tomorrow ago"), "refused");
}

TEST(DatePhrase, words_and_signs_in_place_of_numbers) {
  EXPECT_EQ(meant("last day"), "2026-03-30T03:00:00+00:00");
  EXPECT_EQ(meant("third hour ago"), "2026-03-31T00:00:00+00:00");
  EXPECT_EQ(meant("- 3 hours"), "2026-03-31T00:00:00+00:00");
  EXPECT_EQ(meant("30DAYS AGO"), "2026-03-01T03:00:00+00:00");
  EXPECT_EQ(meant("second day"), "2026-04-01T03:00:01+00:00");
  for (const char* text :
       {"one day", "a fortnight ago x", "last", "30d", "4w ago", "1 quarter", "1 dayss"}) {
    EXPECT_EQ(meant(text), "refused") << text;
  }
}

TEST(DatePhrase, fractions_belong_to_seconds) {
  EXPECT_EQ(meant("1.5 sec"), "2026-03-31T03:00:01+00:00");
  EXPECT_EQ(meant("1.5 sec ago"), "2026-03-31T02:59:58+00:00");
  EXPECT_EQ(meant("-1,5 sec"), "2026-03-31T02:59:58+00:00");
  EXPECT_EQ(meant("-1.0000000001 sec"), "2026-03-31T02:59:58+00:00");
  EXPECT_EQ(meant("1.5 days"), "refused");
  EXPECT_EQ(meant("@-5.5"), "1969-12-31T23:59:54+00:00");
  EXPECT_EQ(meant("@5 1 day"), "refused");
}

TEST(DatePhrase, forms_of_dates) {
  for (const char* text :
       {"2026-01-31", "26-01-31", "1/31/26", "1/31", "2026/1/31", "31 jan", "31 January 2026",
        "31-JAN-2026", "jan 31", "Jan. 31, 2026", "JAN-31-2026", "20260131", "31 jan +26"}) {
    std::string expected = std::string(text) == "31 jan +26" ? "0026-01-31T00:00:00+00:00"
                                                             : "2026-01-31T00:00:00+00:00";
    EXPECT_EQ(meant(text), expected) << text;
  }
  EXPECT_EQ(meant("1/2/68"), "2068-01-02T00:00:00+00:00");
  EXPECT_EQ(meant("1/2/69"), "1969-01-02T00:00:00+00:00");
  for (const char* text : {"2026-01", "2026/1", "99/1/2", "jan 2026 3", "jan", "2026-02-30", "13/1",
                           "2026-01-01 2026-01-02"}) {
    EXPECT_EQ(meant(text), "refused") << text;
  }
}

TEST(DatePhrase, forms_of_times) {
  EXPECT_EQ(meant("2026-01-31T04:05"), "2026-01-31T04:05:00+00:00");
  EXPECT_EQ(meant("2026-01-31T04:05:06.7Z"), "2026-01-31T04:05:06+00:00");
  EXPECT_EQ(meant("12 a.m."), "2026-03-31T00:00:00+00:00");
  EXPECT_EQ(meant("12:30 PM"), "2026-03-31T12:30:00+00:00");
  EXPECT_EQ(meant("0415"), "2026-03-31T04:15:00+00:00");
  EXPECT_EQ(meant("4"), "2026-03-31T04:00:00+00:00");
  EXPECT_EQ(meant(""), "2026-03-31T00:00:00+00:00");
  EXPECT_EQ(meant("(nothing (but) this"), "2026-03-31T00:00:00+00:00");
  for (const char* text :
       {"24:00", "04:60", "04:05:60", "13 pm", "0 am", "2026-01-01T03", "04:05 04:05", "noon"}) {
    EXPECT_EQ(meant(text), "refused") << text;
  }
}

TEST(DatePhrase, zones) {
  EXPECT_EQ(meant("10:00 +1 day"), "2026-04-01T09:00:00+00:00");
  EXPECT_EQ(meant("10:00 UTC +1 day"), "2026-04-01T10:00:00+00:00");
  EXPECT_EQ(meant("10:00 UTC +1 day ago"), "refused");
  EXPECT_EQ(meant("10:00 EST DST"), "2026-03-31T14:00:00+00:00");
  EXPECT_EQ(meant("10:00 e.s.t."), "2026-03-31T15:00:00+00:00");
  EXPECT_EQ(meant("10:00 T"), "2026-03-31T17:00:00+00:00");
  EXPECT_EQ(meant("10:00-00:30"), "2026-03-31T10:30:00+00:00");
  EXPECT_EQ(meant("10:00+2500"), "refused");
  EXPECT_EQ(meant("10:00 J"), "refused");
  EXPECT_EQ(meant("10:00 UTC EST"), "refused");
}

TEST(DatePhrase, names_of_the_zone_at_hand_choose_the_season) {
  const char* now = "2026-11-03T12:00:00Z";
  EXPECT_EQ(meant("2026-11-01 01:30 EDT", now, kNewYork), "2026-11-01T01:30:00-04:00");
  EXPECT_EQ(meant("2026-11-01 01:30 EST", now, kNewYork), "2026-11-01T01:30:00-05:00");
  // Standard time in summer.
  EXPECT_EQ(meant("2026-07-01 01:30 EST", now, kNewYork), "refused");
}

TEST(DatePhrase, days_of_the_week) {
  // 31 March 2026 is a Tuesday.
  EXPECT_EQ(meant("tuesday"), "2026-03-31T00:00:00+00:00");
  EXPECT_EQ(meant("next tues"), "2026-04-07T00:00:00+00:00");
  EXPECT_EQ(meant("next friday"), "2026-04-03T00:00:00+00:00");
  EXPECT_EQ(meant("last friday"), "2026-03-27T00:00:00+00:00");
  EXPECT_EQ(meant("2 mon"), "2026-04-13T00:00:00+00:00");
  EXPECT_EQ(meant("mon, 2026-01-06"), "2026-01-06T00:00:00+00:00");
  EXPECT_EQ(meant("last friday, 1 day"), "refused");
}

TEST(DatePhrase, months_overflow_into_the_next) {
  EXPECT_EQ(meant("2026-01-31 1 month"), "2026-03-03T00:00:00+00:00");
  EXPECT_EQ(meant("2024-02-29 1 year"), "2025-03-01T00:00:00+00:00");
}

TEST(DatePhrase, a_distance_alone_keeps_the_season_of_now) {
  const char* now = "2026-11-02T06:30:00Z";
  EXPECT_EQ(meant("3 days ago", now, kNewYork), "2026-10-30T02:30:00-04:00");
  EXPECT_EQ(meant("01:30 3 days ago", now, kNewYork), "2026-10-30T01:30:00-04:00");
  // No daylight saving time within years: an hour is taken.
  EXPECT_EQ(meant("84 months", "2019-01-15T14:00:00Z", "America/Sao_Paulo"),
            "2026-01-15T11:00:00-03:00");
}

TEST(DatePhrase, the_skipped_hour) {
  EXPECT_EQ(meant("2026-03-08 02:30", "2026-03-10T12:00:00Z", kNewYork), "refused");
  EXPECT_EQ(meant("2026-03-08 02:30 UTC", "2026-01-10T12:00:00Z", kNewYork),
            "2026-03-07T21:30:00-05:00");
  EXPECT_EQ(meant("2026-03-07 02:30 1 day", "2026-03-10T12:00:00Z", kNewYork),
            "2026-03-08T03:30:00-04:00");
  EXPECT_EQ(meant("2 days ago", "2026-03-10T06:30:00Z", kNewYork), "2026-03-08T01:30:00-05:00");
}

TEST(DatePhrase, what_does_not_fit_is_refused) {
  for (const char* text :
       {"99999999999999999999 days ago", "9223372036854775807 weeks", "2147483648 years",
        "9999999999 days", "9223372036854775807 hours", "9223372036854775807 sec 1 sec",
        "999999999999/1/1", "2026-01-99999999999", "9223372036854775807 month 1 month",
        "3147483647 years ago"}) {
    EXPECT_EQ(meant(text), "refused") << text;
  }
  EXPECT_EQ(meant("99999 years ago"), "-97973-03-31T03:00:00+00:00");
}

TEST(DatePhrase, any_text_is_read_or_refused) {
  const char* words[] = {"1",   "30",  "2026", "-",   "+2",  ":",   "/",    "days",
                         "ago", "mon", "jan",  "T",   "UTC", "now", "last", "@",
                         "(",   "\"",  "pm",   "1.5", "sec", ",",   "DST"};
  int accepted = 0, all = 0;
  for (const char* a : words) {
    for (const char* b : words) {
      for (const char* c : words) {
        std::string text = std::string(a) + b + " " + c;
        accepted += meant(text) == "refused" ? 0 : 1;
        ++all;
      }
    }
  }
  EXPECT_GT(accepted, 100);
  EXPECT_LT(accepted, all);
}

TEST(DatePhrase, no_meridian_behind_a_date_and_time_in_one) {
  for (const char* text : {"2026-01-31T03:00 pm", "2026-01-31T03:00:00PM"}) {
    EXPECT_THROW(moment_of_phrase(text, {}, Zone::utc()), InvalidArgument) << text;
  }
}

TEST(DatePhrase, a_day_back_into_a_gap_between_equal_seasons) {
  // Nuuk moved an hour on 25 March 2023 at 22:00 without calling either side summer.
  const Zone zone = Zone::named("America/Nuuk");
  const auto now = std::chrono::sys_seconds(std::chrono::seconds(1'679'877'149));
  EXPECT_THROW(moment_of_phrase("1 day ago", now, zone), InvalidArgument);
  EXPECT_EQ(moment_of_phrase("24 hours ago", now, zone), now - std::chrono::hours(24));
}

TEST(DatePhrase, the_other_season_is_looked_for_seven_years_around) {
  // Morocco had its last winter time of summer in spring 2026.
  const Zone zone = Zone::named("Africa/Casablanca");
  const auto now = std::chrono::sys_seconds(std::chrono::seconds(1'312'062'211));
  auto moment = [&](const char* text) {
    return moment_of_phrase(text, now, zone).time_since_epoch().count();
  };
  EXPECT_EQ(moment("584 fortnights"), 2'018'468'611);
  EXPECT_EQ(moment("550 fortnights"), 1'977'345'811);
}

}  // namespace
}  // namespace holdfast::retention
