#include "schedule/cron.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace holdfast::schedule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The next times in the zone's own notation, without the zone's name.
std::vector<std::string> times(Dialect dialect, const char* text, const char* after, int count,
                               const char* zone = "UTC") {
  Zone in = Zone::named(zone);
  Schedule schedule = parse(dialect, text, ZonePrefix::kRead);
  WallTime time = parse_rfc3339(after);
  std::vector<std::string> result;
  for (int i = 0; i < count; ++i) {
    auto next = schedule.next(time, in);
    if (!next) break;
    EXPECT_GT(*next, time);
    time = *next;
    result.push_back(format_rfc3339(std::chrono::floor<std::chrono::seconds>(time), in));
  }
  return result;
}

std::string refusal(Dialect dialect, const std::string& text) {
  try {
    parse(dialect, text);
  } catch (const InvalidArgument& error) {
    return error.to_string();
  }
  return "accepted";
}

constexpr const char* kNewYork = "America/New_York";
constexpr const char* kAmsterdam = "Europe/Amsterdam";

TEST(Schedule, names_of_dialects) {
  for (Dialect dialect : {Dialect::kKubernetes, Dialect::kCronexpr, Dialect::kElasticsearch}) {
    EXPECT_EQ(dialect_named(name_of(dialect)), dialect);
  }
  EXPECT_THROW(dialect_named("vixie"), InvalidArgument);
}

TEST(Schedule, remembers_its_text_and_dialect) {
  Schedule schedule = parse(Dialect::kKubernetes, "0 3 * * *");
  EXPECT_EQ(schedule.text(), "0 3 * * *");
  EXPECT_EQ(schedule.dialect(), Dialect::kKubernetes);
}

TEST(Schedule, cuts_fractions_of_the_start) {
  WallTime after = parse_rfc3339("2026-03-31T02:59:59.999999999Z");
  EXPECT_EQ(parse(Dialect::kKubernetes, "0 3 * * *").next(after, Zone::utc()),
            parse_rfc3339("2026-03-31T03:00:00Z"));
}

TEST(Schedule, text_is_bounded) {
  for (Dialect dialect : {Dialect::kKubernetes, Dialect::kCronexpr, Dialect::kElasticsearch}) {
    EXPECT_THAT(refusal(dialect, std::string(1025, ' ')), HasSubstr("at most 1024 bytes"));
    EXPECT_THAT(refusal(dialect, std::string(1024, '9')), Not(HasSubstr("at most 1024 bytes")));
  }
}

TEST(Schedule, a_refusal_tells_what_is_wrong_and_what_is_allowed) {
  EXPECT_EQ(refusal(Dialect::kKubernetes, "0 25 * * *"),
            "kubernetes schedule '0 25 * * *': column 3: '25' is not a hour: out of range; "
            "allowed: *, ?, 0-23, "
            "lists a,b, ranges a-b with a at most b, steps */n, a/n, a-b/n");
  EXPECT_THAT(refusal(Dialect::kKubernetes, "disabled"),
              HasSubstr("column 9: 1 fields where 5 are wanted; allowed: minute hour"));
  EXPECT_THAT(refusal(Dialect::kCronexpr, "0 3 * * FOO"), HasSubstr("'foo' is not a day of week"));
  EXPECT_THAT(refusal(Dialect::kElasticsearch, "0 0 3 * * *"), HasSubstr("? for exactly one"));
}

TEST(Schedule, a_refusal_shows_no_control_characters) {
  EXPECT_THAT(refusal(Dialect::kCronexpr, "0\x1b[31m\n3"), HasSubstr("'0?[31m?3'"));
}

TEST(Schedule, nothing_beyond_the_end_of_wall_time) {
  EXPECT_EQ(parse(Dialect::kKubernetes, "0 0 1 1 *").next(WallTime::max(), Zone::utc()),
            std::nullopt);
  EXPECT_EQ(parse(Dialect::kKubernetes, "@every 2562047h").next(WallTime(), Zone::utc()),
            WallTime(std::chrono::hours(2562047)));
  EXPECT_EQ(parse(Dialect::kKubernetes, "@every 2562047h")
                .next(parse_rfc3339("2026-01-01T00:00:00Z"), Zone::utc()),
            std::nullopt);
}

TEST(Kubernetes, time_rises_where_the_library_hangs) {
  EXPECT_THAT(
      times(Dialect::kKubernetes, "8 1 14/23 * *", "2011-12-30T09:31:43Z", 2, "Pacific/Apia"),
      ElementsAre("2012-01-14T01:08:00+14:00", "2012-02-14T01:08:00+14:00"));
  EXPECT_THAT(times(Dialect::kKubernetes, "0 0 * * *", "2011-12-29T12:00:00Z", 2, "Pacific/Apia"),
              ElementsAre("2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"));
  // Clocks were set back at 00:01.
  EXPECT_THAT(
      times(Dialect::kKubernetes, "@midnight", "2005-10-30T02:30:59Z", 1, "America/St_Johns"),
      ElementsAre("2005-10-30T00:00:00-03:30"));
}

TEST(Kubernetes, the_api_takes_no_zone_in_the_schedule) {
  for (const char* text : {"TZ=UTC 0 3 * * *", "CRON_TZ=Europe/Amsterdam 0 3 * * *", "TZ=UTC"}) {
    EXPECT_THAT(refusal(Dialect::kKubernetes, text), HasSubstr("TZ is not accepted")) << text;
  }
  EXPECT_THROW(parse(Dialect::kKubernetes, "TZ=UTC", ZonePrefix::kRead), InvalidArgument);
  EXPECT_THROW(parse(Dialect::kKubernetes, "TZ=Mars/X 0 3 * * *", ZonePrefix::kRead),
               InvalidArgument);
  EXPECT_THROW(parse(Dialect::kKubernetes, "TZ=UTC ", ZonePrefix::kRead), InvalidArgument);
}

TEST(Kubernetes, a_read_prefix_overrides_the_zone) {
  EXPECT_THAT(times(Dialect::kKubernetes, "CRON_TZ=America/New_York 0 3 * * *",
                    "2026-07-01T00:00:00Z", 1, kAmsterdam),
              ElementsAre("2026-07-01T09:00:00+02:00"));
  EXPECT_THAT(
      times(Dialect::kKubernetes, "TZ=Local 0 3 * * *", "2026-07-01T00:00:00Z", 1, kAmsterdam),
      ElementsAre("2026-07-01T03:00:00+02:00"));
}

TEST(Kubernetes, the_skipped_hour_does_not_fire_and_the_doubled_one_fires_twice) {
  EXPECT_THAT(times(Dialect::kKubernetes, "30 2 * * *", "2026-03-07T12:00:00Z", 1, kNewYork),
              ElementsAre("2026-03-09T02:30:00-04:00"));
  EXPECT_THAT(times(Dialect::kKubernetes, "30 1 * * *", "2026-11-01T04:00:00Z", 3, kNewYork),
              ElementsAre("2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00",
                          "2026-11-02T01:30:00-05:00"));
}

TEST(Kubernetes, a_star_anywhere_decides_whether_both_days_must_match) {
  // 1 June 2026 is a Monday.
  EXPECT_THAT(times(Dialect::kKubernetes, "0 0 1 * 3", "2026-06-01T00:00:00Z", 2),
              ElementsAre("2026-06-03T00:00:00Z", "2026-06-10T00:00:00Z"));
  EXPECT_THAT(times(Dialect::kKubernetes, "0 0 1 * 3,*", "2026-06-01T00:00:00Z", 2),
              ElementsAre("2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z"));
  EXPECT_THAT(times(Dialect::kKubernetes, "0 0 */1 * 3", "2026-06-01T00:00:00Z", 2),
              ElementsAre("2026-06-03T00:00:00Z", "2026-06-10T00:00:00Z"));
  EXPECT_THAT(times(Dialect::kKubernetes, "0 0 1-31 * 3", "2026-06-01T00:00:00Z", 2),
              ElementsAre("2026-06-02T00:00:00Z", "2026-06-03T00:00:00Z"));
}

TEST(Kubernetes, never_is_valid) {
  EXPECT_THAT(times(Dialect::kKubernetes, "0 0 30 2 *", "2026-06-01T00:00:00Z", 2), ElementsAre());
  EXPECT_THAT(times(Dialect::kKubernetes, ", 0 1 1 *", "2026-06-01T00:00:00Z", 2), ElementsAre());
  // Five years on is 2102; the leap year 2096 is over and 2100 is none.
  EXPECT_THAT(times(Dialect::kKubernetes, "0 0 29 2 *", "2097-01-01T00:00:00Z", 1), ElementsAre());
}

TEST(Kubernetes, every_counts_from_the_start_in_whole_seconds) {
  const char* start = "2026-06-01T00:00:07.9Z";
  EXPECT_THAT(times(Dialect::kKubernetes, "@every 1h30m", start, 2),
              ElementsAre("2026-06-01T01:30:07Z", "2026-06-01T03:00:07Z"));
  EXPECT_THAT(times(Dialect::kKubernetes, "@every 1.5h2m.5s500ms", start, 1),
              ElementsAre("2026-06-01T01:32:08Z"));
  for (const char* tiny :
       {"@every 0", "@every 1ns", "@every -3h", "@every 1999ms", "@every 5\u00b5s"}) {
    EXPECT_THAT(times(Dialect::kKubernetes, tiny, "2026-06-01T00:00:00Z", 1),
                ElementsAre("2026-06-01T00:00:01Z"))
        << tiny;
  }
  for (const char* bad :
       {"@every 1", "@every h", "@every .h", "@every 1d", "@every 1h ", "@every --1h",
        "@every 9999999999h", "@every 2562047h2562047h", "@every 1.2.3s", "@every"}) {
    EXPECT_THROW(parse(Dialect::kKubernetes, bad), InvalidArgument) << bad;
  }
}

TEST(Cronexpr, the_number_of_fields_decides_about_second_and_year) {
  EXPECT_THAT(times(Dialect::kCronexpr, "5 4 * * *", "2026-06-01T00:00:00Z", 1),
              ElementsAre("2026-06-01T04:05:00Z"));
  EXPECT_THAT(times(Dialect::kCronexpr, "5 4 * * * 2027", "2026-06-01T00:00:00Z", 1),
              ElementsAre("2027-01-01T04:05:00Z"));
  EXPECT_THAT(times(Dialect::kCronexpr, "5 4 3 * * * 2027", "2026-06-01T00:00:00Z", 1),
              ElementsAre("2027-01-01T03:04:05Z"));
}

TEST(Cronexpr, the_skipped_hour_fires_after_the_gap_and_time_always_rises) {
  // The program itself answers 01:30 for ever here.
  EXPECT_THAT(times(Dialect::kCronexpr, "30 2 * * *", "2026-03-07T12:00:00Z", 3, kNewYork),
              ElementsAre("2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00",
                          "2026-03-10T02:30:00-04:00"));
  // However many of its times lie in the gap.
  EXPECT_THAT(times(Dialect::kCronexpr, "*/10 2 * * *", "2026-03-08T05:00:00Z", 2, kNewYork),
              ElementsAre("2026-03-08T03:00:00-04:00", "2026-03-09T02:00:00-04:00"));
  EXPECT_THAT(times(Dialect::kCronexpr, "*/30 * * * *", "2026-03-08T06:00:00Z", 4, kNewYork),
              ElementsAre("2026-03-08T01:30:00-05:00", "2026-03-08T03:00:00-04:00",
                          "2026-03-08T03:30:00-04:00", "2026-03-08T04:00:00-04:00"));
  EXPECT_THAT(times(Dialect::kCronexpr, "30 2 * * *", "2026-03-28T12:00:00Z", 2, kAmsterdam),
              ElementsAre("2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"));
}

TEST(Cronexpr, the_doubled_hour_fires_once) {
  EXPECT_THAT(times(Dialect::kCronexpr, "30 1 * * *", "2026-11-01T04:00:00Z", 2, kNewYork),
              ElementsAre("2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"));
  // Asked within the second pass, there is nothing before it ends.
  EXPECT_THAT(times(Dialect::kCronexpr, "*/15 * * * *", "2026-11-01T06:20:00Z", 1, kNewYork),
              ElementsAre("2026-11-01T02:00:00-05:00"));
}

TEST(Cronexpr, time_rises_around_every_change_of_clock) {
  for (const char* zone : {"America/New_York", "Europe/Amsterdam", "Australia/Lord_Howe",
                           "America/Havana", "Asia/Beirut", "Africa/Cairo"}) {
    Zone in = Zone::named(zone);
    for (const char* text : {"*/7 * * * *", "0 0 * * *", "15,45 1-3 * * *", "*/20 * * * * * *"}) {
      Schedule schedule = parse(Dialect::kCronexpr, text);
      auto change = std::chrono::floor<std::chrono::seconds>(parse_rfc3339("2026-01-01T00:00:00Z"));
      for (int i = 0; i < 4; ++i) {
        change = in.period_at(change).end;
        WallTime time = change - std::chrono::hours(30);
        while (time < change + std::chrono::hours(30)) {
          auto next = schedule.next(time, in);
          ASSERT_TRUE(next && *next > time) << zone << " " << text;
          ASSERT_LE(*next - time, std::chrono::hours(49)) << zone << " " << text;
          time = *next;
        }
      }
    }
  }
}

TEST(Cronexpr, lists_of_days_take_every_form) {
  EXPECT_THAT(times(Dialect::kCronexpr, "0 0 L,LW,15W * *", "2026-05-01T00:00:00Z", 3),
              ElementsAre("2026-05-15T00:00:00Z", "2026-05-29T00:00:00Z", "2026-05-31T00:00:00Z"));
  EXPECT_THAT(times(Dialect::kCronexpr, "0 0 * * MONL,5#1,tuesday#2", "2026-05-01T00:00:00Z", 2),
              ElementsAre("2026-05-12T00:00:00Z", "2026-05-25T00:00:00Z"));
  // A two-digit day of week is Sunday whatever it says.
  EXPECT_THAT(times(Dialect::kCronexpr, "0 0 * * 03", "2026-05-01T00:00:00Z", 1),
              ElementsAre("2026-05-03T00:00:00Z"));
}

TEST(Cronexpr, what_would_crash_the_program_is_refused) {
  EXPECT_THAT(refusal(Dialect::kCronexpr, "50-10/5 * * * *"), HasSubstr("not a minute"));
  EXPECT_THAT(times(Dialect::kCronexpr, "0 0 20-10/5 * *", "2026-05-01T00:00:00Z", 1),
              ElementsAre());
}

TEST(Elasticsearch, ignores_the_zone) {
  EXPECT_THAT(times(Dialect::kElasticsearch, "0 30 1 * * ?", "2026-07-01T00:00:00Z", 1, kAmsterdam),
              ElementsAre("2026-07-01T03:30:00+02:00"));
}

TEST(Elasticsearch, the_search_ends_with_2126) {
  EXPECT_THAT(times(Dialect::kElasticsearch, "0 0 0 1 1 ?", "2124-06-01T00:00:00Z", 5),
              ElementsAre("2125-01-01T00:00:00Z", "2126-01-01T00:00:00Z"));
  EXPECT_THAT(times(Dialect::kElasticsearch, "0 0 0 1 1 ? ,", "2026-06-01T00:00:00Z", 5),
              ElementsAre());
  for (const char* mark : {"98", "99", "2030,99", "99-2030", "98/2"}) {
    EXPECT_THAT(refusal(Dialect::kElasticsearch, std::string("0 0 0 1 1 ? ") + mark),
                HasSubstr("no such year"));
  }
  EXPECT_THAT(times(Dialect::kElasticsearch, "0 0 0 1 1 ? 2200", "2026-06-01T00:00:00Z", 5),
              ElementsAre());
}

TEST(Elasticsearch, nearest_weekday_of_a_day_just_past_the_month) {
  // 1 October 2033 is a Saturday, so its nearest weekday is 30 September.
  EXPECT_THAT(times(Dialect::kElasticsearch, "0 0 0 31W 9 ?", "2033-01-01T00:00:00Z", 1),
              ElementsAre("2033-09-30T00:00:00Z"));
  EXPECT_THAT(times(Dialect::kElasticsearch, "0 0 0 29W 2 ?", "2031-01-01T00:00:00Z", 1),
              ElementsAre("2031-02-28T00:00:00Z"));
}

TEST(Elasticsearch, takes_the_junk_that_the_class_takes) {
  for (const char* text :
       {"0 0 3 * * ? 20x6", "0 0 3 ?X * 2", "0 0 3 * * ?\n", "0 0 3 ? * MONX", "0 0 3/12x * * ?",
        "0 0 3 ? * 5-0", "*x 0 3 * * ?", "0 0 3 * * ? * junk"}) {
    EXPECT_NO_THROW(parse(Dialect::kElasticsearch, text)) << text;
  }
  for (const char* text : {"0 0 3 ?XY * 2", "0 0 3/1x * * ?", "0 0 99 * * ?", "0 0 3 ? * 8#2",
                           "0 0 L * * ?", "0 0 , * * ?", "0 0 3 0W * ?"}) {
    EXPECT_THROW(parse(Dialect::kElasticsearch, text), InvalidArgument) << text;
  }
}

TEST(Schedule, any_text_is_read_or_refused) {
  // Every text of three of these characters, alone and as one field.
  const std::string letters = "*?/-,#LW05 @";
  std::size_t accepted = 0;
  for (std::size_t code = 0; code < letters.size() * letters.size() * letters.size(); ++code) {
    std::string part{letters[code % letters.size()],
                     letters[code / letters.size() % letters.size()],
                     letters[code / letters.size() / letters.size()]};
    for (Dialect dialect : {Dialect::kKubernetes, Dialect::kCronexpr, Dialect::kElasticsearch}) {
      for (const std::string& text :
           {part, part + " * * * *", "* * " + part + " * *", "0 0 0 " + part + " * ?",
            "0 0 0 ? * " + part, "* * * * " + part}) {
        try {
          parse(dialect, text).next(parse_rfc3339("2026-01-01T00:00:00Z"), Zone::utc());
          ++accepted;
        } catch (const InvalidArgument&) {
        }
      }
    }
  }
  EXPECT_GT(accepted, 100U);
}

}  // namespace
}  // namespace holdfast::schedule
