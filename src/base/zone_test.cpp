#include "base/zone.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <stdlib.h>
#include <string>
#include <unistd.h>

#include "base/civil.h"
#include "base/error.h"
#include "base/zone_rule.h"

namespace holdfast {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;

sys_seconds utc(std::int64_t year, int month, int day, int hour = 0, int minute = 0,
                int second = 0) {
  return sys_seconds(time_of({year, month, day, hour, minute, second}).time_since_epoch());
}

std::string shown(const char* zone, sys_seconds time) {
  return format_rfc3339(time, Zone::named(zone));
}

TEST(Zone, shows_both_sides_of_a_change) {
  EXPECT_EQ(shown("Europe/Amsterdam", utc(2026, 3, 29, 0, 59, 59)), "2026-03-29T01:59:59+01:00");
  EXPECT_EQ(shown("Europe/Amsterdam", utc(2026, 3, 29, 1)), "2026-03-29T03:00:00+02:00");
  EXPECT_EQ(shown("America/New_York", utc(2026, 11, 1, 5, 59, 59)), "2026-11-01T01:59:59-04:00");
  EXPECT_EQ(shown("America/New_York", utc(2026, 11, 1, 6)), "2026-11-01T01:00:00-05:00");
  EXPECT_EQ(shown("Australia/Lord_Howe", utc(2026, 10, 3, 15, 30)), "2026-10-04T02:30:00+11:00");
}

TEST(Zone, goes_on_with_the_rule_after_the_last_listed_change) {
  for (std::int64_t year : {2037, 2038, 2048, 2100, 2400, 9999, 1000000}) {
    std::string text = std::to_string(year);
    if (text.size() < 4) text = "0" + text;
    EXPECT_EQ(shown("Europe/Amsterdam", utc(year, 7, 1)), text + "-07-01T02:00:00+02:00");
    EXPECT_EQ(shown("Europe/Amsterdam", utc(year, 1, 1)), text + "-01-01T01:00:00+01:00");
    EXPECT_EQ(shown("Australia/Lord_Howe", utc(year, 7, 1)), text + "-07-01T10:30:00+10:30");
    EXPECT_EQ(shown("America/Sao_Paulo", utc(year, 7, 1, 12)), text + "-07-01T09:00:00-03:00");
  }
}

TEST(Zone, keeps_local_mean_time_before_the_first_change) {
  EXPECT_EQ(shown("America/New_York", utc(1500, 7, 1, 12)), "1500-07-01T07:03:58-04:56");
  EXPECT_EQ(shown("America/Sao_Paulo", utc(-97973, 11, 2, 4, 36, 28)),
            "-97973-11-02T01:30:00-03:06");
}

TEST(Zone, periods_meet_without_gap_or_overlap) {
  for (const char* name : {"Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe",
                           "America/Sao_Paulo", "Asia/Kolkata", "Africa/Casablanca"}) {
    Zone zone = Zone::named(name);
    int periods = 0;
    for (auto time = utc(1800, 1, 1); time < utc(2100, 1, 1);) {
      Zone::Period period = zone.period_at(time);
      ASSERT_LE(period.begin, time) << name;
      ASSERT_GT(period.end, time) << name;
      ASSERT_EQ(zone.period_at(period.end - seconds(1)).offset, period.offset) << name;
      if (period.begin > utc(1800, 1, 1)) {
        ASSERT_EQ(period.begin, time) << name;
      }
      if (period.end == sys_seconds::max()) break;
      time = period.end;
      ++periods;
    }
    EXPECT_GT(periods, 1) << name;
  }
}

TEST(Zone, knows_daylight_saving_and_abbreviations) {
  auto summer = Zone::named("Europe/Amsterdam").period_at(utc(2026, 7, 1));
  EXPECT_TRUE(summer.daylight);
  EXPECT_EQ(summer.abbreviation, "CEST");
  EXPECT_EQ(summer.begin, utc(2026, 3, 29, 1));
  EXPECT_EQ(summer.end, utc(2026, 10, 25, 1));
  auto winter = Zone::named("America/New_York").period_at(utc(2050, 1, 1));
  EXPECT_FALSE(winter.daylight);
  EXPECT_EQ(winter.abbreviation, "EST");
}

TEST(Zone, utc_needs_no_database) {
  EXPECT_EQ(Zone::named("UTC").name(), "UTC");
  EXPECT_EQ(format_rfc3339(utc(2026, 3, 31, 3), Zone::utc()), "2026-03-31T03:00:00Z");
  EXPECT_EQ(format_rfc3339(utc(2026, 3, 31, 3), Zone::utc(), true), "2026-03-31T03:00:00+00:00");
}

TEST(Zone, refuses_what_is_no_zone) {
  for (const char* name :
       {"", "Mars/Olympus", "../../../etc/passwd", "Europe/../UTC", "/etc/localtime", "Europe",
        "Europe/", "Europe//Amsterdam", "europe amsterdam", "-Europe", "CET-1CEST,M3.5.0,M10.5.0/3",
        "Europe/AmsterdamAmsterdam", "zone.tab", "tzdata.zi"}) {
    EXPECT_THROW(Zone::named(name), InvalidArgument) << name;
  }
  EXPECT_THROW(Zone::named(std::string(100'000, 'x')), InvalidArgument);
  EXPECT_THROW(Zone::named(std::string_view("UTC\0", 4)), InvalidArgument);
}

// Sets TZ for one test and puts the old value back.
class Variable {
 public:
  explicit Variable(const char* value) {
    if (const char* old = getenv("TZ")) old_ = old;
    if (value) {
      setenv("TZ", value, 1);
    } else {
      unsetenv("TZ");
    }
  }
  Variable(const Variable&) = delete;
  ~Variable() {
    if (old_) {
      setenv("TZ", old_->c_str(), 1);
    } else {
      unsetenv("TZ");
    }
  }

 private:
  std::optional<std::string> old_;
};

TEST(Zone, local_follows_the_variable) {
  auto offset = [](const char* value) {
    Variable variable(value);
    return Zone::local().period_at(utc(2026, 7, 1)).offset;
  };
  EXPECT_EQ(offset("Asia/Kolkata"), minutes(330));
  EXPECT_EQ(offset(":Asia/Kolkata"), minutes(330));
  EXPECT_EQ(offset("/usr/share/zoneinfo/Asia/Kolkata"), minutes(330));
  EXPECT_EQ(offset(""), seconds(0));
  EXPECT_EQ(offset("CET-1CEST,M3.5.0,M10.5.0/3"), hours(2));
  EXPECT_THROW(offset("Mars/Olympus"), InvalidArgument);
  EXPECT_NO_THROW(offset(nullptr));
}

std::optional<Zone::Period> rule_at(const char* text, sys_seconds time) {
  auto rule = ZoneRule::parse(text);
  if (!rule) return std::nullopt;
  return rule->period_at(time);
}

TEST(ZoneRule, reads_every_form_of_change) {
  // Weeks count from the month's first such day, 5 is its last.
  auto period = rule_at("EST5EDT,M3.2.0,M11.1.0", utc(2026, 3, 8, 7));
  EXPECT_EQ(period->offset, -hours(4));
  EXPECT_EQ(period->begin, utc(2026, 3, 8, 7));
  EXPECT_EQ(period->end, utc(2026, 11, 1, 6));
  // J60 is 1 March in every year, 59 counts the leap day.
  EXPECT_EQ(rule_at("AAA0BBB,J60,J300", utc(2028, 3, 1, 2))->begin, utc(2028, 3, 1, 2));
  EXPECT_EQ(rule_at("AAA0BBB,J60,J300", utc(2027, 3, 1, 2))->begin, utc(2027, 3, 1, 2));
  EXPECT_EQ(rule_at("AAA0BBB,59,300", utc(2028, 3, 1, 2))->begin, utc(2028, 2, 29, 2));
  EXPECT_EQ(rule_at("AAA0BBB,59,300", utc(2027, 3, 1, 2))->begin, utc(2027, 3, 1, 2));
}

TEST(ZoneRule, reads_offsets_and_times_of_change) {
  EXPECT_EQ(rule_at("<-03>3", utc(2026, 1, 1))->offset, -hours(3));
  EXPECT_EQ(rule_at("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", utc(2026, 1, 1))->offset, hours(11));
  EXPECT_EQ(rule_at("AAA-1:02:03", utc(2026, 1, 1))->offset, seconds(3723));
  // Godthab changes on the Saturday before: 24 hours back from a Sunday, with a negative time.
  auto period = rule_at("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", utc(2026, 7, 1));
  EXPECT_EQ(period->begin, utc(2026, 3, 29, 1));
  EXPECT_EQ(period->end, utc(2026, 10, 25, 1));
  EXPECT_EQ(rule_at("AAA0BBB,M3.4.4/50,M10.4.4/50", utc(2026, 7, 1))->begin, utc(2026, 3, 28, 2));
}

TEST(ZoneRule, daylight_time_all_the_year_has_no_gap) {
  for (int month = 1; month <= 12; ++month) {
    EXPECT_EQ(rule_at("AST3EDT4,0/0,J365/23", utc(2026, month, 1, 3))->offset, -hours(4));
  }
  EXPECT_EQ(rule_at("AST3EDT4,0/0,J365/23", utc(2027, 1, 1, 2, 59, 59))->offset, -hours(4));
}

TEST(ZoneRule, a_change_may_fall_into_the_next_year) {
  // Day 365 of a common year is 1 January, so daylight time ends only after it has begun anew.
  EXPECT_EQ(rule_at("AST3EDT4,0/1,365/23", utc(2027, 7, 1))->begin, utc(2027, 1, 2, 3));
  EXPECT_EQ(rule_at("AST3EDT4,0/1,365/23", utc(2027, 7, 1))->offset, -hours(3));
  EXPECT_EQ(rule_at("AST3EDT4,0/1,365/23", utc(2028, 1, 1, 3, 59))->offset, -hours(3));
}

TEST(ZoneRule, refuses_what_is_no_rule) {
  for (const char* text : {"",
                           "A",
                           "AA5",
                           "EST",
                           "EST5EDT",
                           "EST5EDT,",
                           "EST5EDT,M3.2.0",
                           "EST5EDT,M3.2.0,",
                           "EST5EDT,M13.2.0,M11.1.0",
                           "EST5EDT,M3.6.0,M11.1.0",
                           "EST5EDT,M3.2.7,M11.1.0",
                           "EST5EDT,M3.2.0/168,M11.1.0",
                           "EST5EDT,M3.2.0,M11.1.0x",
                           "EST25",
                           "<-033",
                           "EST5:60",
                           "EST5EDT,J0,J5",
                           "EST5EDT,J366,J5",
                           "EST5EDT,366,J5",
                           "EST99999999999999999999"}) {
    EXPECT_FALSE(ZoneRule::parse(text)) << text;
  }
}

class ZoneFile : public testing::Test {
 protected:
  ZoneFile() {
    std::filesystem::create_directory(folder_);
    std::ifstream file("/usr/share/zoneinfo/Europe/Amsterdam", std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
  }
  ~ZoneFile() override { std::filesystem::remove_all(folder_); }

  // The file's path, for TZ.
  std::string write(const std::string& bytes) {
    std::ofstream(folder_ / "zone", std::ios::binary) << bytes;
    return (folder_ / "zone").string();
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("zone_test_" + std::to_string(getpid()));
  std::string bytes_;
};

TEST_F(ZoneFile, a_cut_is_refused_wherever_it_is) {
  EXPECT_NO_THROW(Zone::of_variable(write(bytes_)));
  // The header byte by byte, the long tables in strides.
  for (std::size_t size = 0; size < bytes_.size(); size += size < 60 ? 1 : 11) {
    ASSERT_THROW(Zone::of_variable(write(bytes_.substr(0, size))), InvalidArgument) << size;
  }
}

TEST_F(ZoneFile, a_changed_byte_is_read_or_refused_without_harm) {
  int refused = 0;
  for (std::size_t i = 0; i < bytes_.size(); i += i < 60 ? 1 : 11) {
    std::string changed = bytes_;
    changed[i] = static_cast<char>(changed[i] ^ 0xFF);
    try {
      Zone zone = Zone::of_variable(write(changed));
      zone.period_at(utc(2026, 1, 1));
    } catch (const InvalidArgument&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 20);
}

TEST_F(ZoneFile, folders_and_huge_files_are_refused) {
  EXPECT_THROW(Zone::of_variable(folder_.string()), InvalidArgument);
  EXPECT_THROW(Zone::of_variable(write(bytes_ + std::string(1 << 20, '\n'))), InvalidArgument);
}

}  // namespace
}  // namespace holdfast
