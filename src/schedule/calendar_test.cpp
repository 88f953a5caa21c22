#include "schedule/calendar.h"

#include <gtest/gtest.h>

#include "base/civil.h"

namespace holdfast::schedule {
namespace {

Calendar every_second() {
  Calendar calendar{bits_of_range(0, 59),
                    bits_of_range(0, 59),
                    bits_of_range(0, 23),
                    bits_of_range(1, 12),
                    {},
                    {}};
  calendar.years.set();
  return calendar;
}

TEST(Calendar, lowest_finds_the_next_bit) {
  EXPECT_EQ(lowest(0b1010, 0), 1);
  EXPECT_EQ(lowest(0b1010, 2), 3);
  EXPECT_EQ(lowest(0b1010, 4), -1);
  EXPECT_EQ(lowest(Bits{1} << 63, 63), 63);
  EXPECT_EQ(lowest(~Bits{0}, 64), -1);
}

TEST(Calendar, ranges_stop_at_their_end) {
  EXPECT_EQ(bits_of_range(1, 7, 3), Bits{0b10010010});
  EXPECT_EQ(bits_of_range(5, 4), Bits{0});
  EXPECT_EQ(bits_of_range(0, 63), ~Bits{0});
}

TEST(Calendar, every_second_is_the_next_second) {
  auto time = time_of({2027, 12, 31, 23, 59, 50});
  for (int i = 0; i < 20; ++i) {
    auto next = every_second().next(time);
    ASSERT_EQ(next, time + std::chrono::seconds(1));
    time = *next;
  }
}

TEST(Calendar, larger_fields_set_smaller_ones_back) {
  Calendar calendar = every_second();
  calendar.seconds = 1U << 30;
  calendar.minutes = 1U << 10 | 1U << 20;
  calendar.hours = 1U << 5;
  EXPECT_EQ(calendar.next(time_of({2026, 1, 1})), time_of({2026, 1, 1, 5, 10, 30}));
  EXPECT_EQ(calendar.next(time_of({2026, 1, 1, 5, 10, 30})), time_of({2026, 1, 1, 5, 20, 30}));
  EXPECT_EQ(calendar.next(time_of({2026, 1, 1, 5, 10, 31})), time_of({2026, 1, 1, 5, 20, 30}));
  EXPECT_EQ(calendar.next(time_of({2026, 12, 31, 5, 20, 30})), time_of({2027, 1, 1, 5, 10, 30}));
}

TEST(Calendar, years_bound_the_search) {
  Calendar calendar = every_second();
  EXPECT_EQ(calendar.next(time_of({1500, 6, 1})), time_of({kFirstYear, 1, 1}));
  EXPECT_EQ(calendar.next(time_of({kLastYear, 12, 31, 23, 59, 59})), std::nullopt);
  EXPECT_EQ(calendar.next(time_of({400000, 1, 1})), std::nullopt);
  calendar.years.reset();
  EXPECT_EQ(calendar.next(time_of({2026, 1, 1})), std::nullopt);
}

TEST(Calendar, an_empty_set_never_matches) {
  for (Bits Calendar::* field :
       {&Calendar::seconds, &Calendar::minutes, &Calendar::hours, &Calendar::months}) {
    Calendar calendar = every_second();
    calendar.*field = 0;
    EXPECT_EQ(calendar.next(time_of({2026, 1, 1})), std::nullopt);
  }
}

// May 2026: the 1st is a Friday, the 31st a Sunday.
Bits may(const Days& days) { return days.of_month(2026, 5); }

TEST(Days, by_date) {
  Days days{.match = Days::Match::kDate};
  days.before_last = 1U << 0 | 1U << 3;
  EXPECT_EQ(may(days), Bits{1} << 31 | Bits{1} << 28);
  days.before_last = 1U << 30;
  EXPECT_EQ(may(days), Bits{1} << 1);
  EXPECT_EQ(days.of_month(2026, 6), Bits{0});
}

TEST(Days, nearest_weekday_stays_within_the_month) {
  Days days{.match = Days::Match::kDate};
  days.weekday_before_last = 1;
  EXPECT_EQ(may(days), Bits{1} << 29);
  days.weekday_before_last = 0;
  days.nearest_weekdays = Bits{1} << 2 | Bits{1} << 10 | Bits{1} << 20;
  EXPECT_EQ(may(days), Bits{1} << 1 | Bits{1} << 11 | Bits{1} << 20);
  days.nearest_weekdays = Bits{1} << 1;
  // 1 August 2026 is a Saturday.
  EXPECT_EQ(days.of_month(2026, 8), Bits{1} << 3);
}

TEST(Days, by_weekday) {
  Days days{.match = Days::Match::kWeekday};
  days.weekdays = 1;
  EXPECT_EQ(may(days), bits_of_range(3, 31, 7));
  days.weekdays = 0;
  days.nth_weekdays = Bits{1} << (8 * 5 + 5);
  EXPECT_EQ(may(days), Bits{1} << 29);
  EXPECT_EQ(days.of_month(2026, 6), Bits{0});
  days.nth_weekdays = 0;
  days.last_weekdays = 1U << 1;
  EXPECT_EQ(may(days), Bits{1} << 25);
}

TEST(Days, both_halves) {
  Days days;
  days.days = 1U << 3 | 1U << 4;
  days.weekdays = 1;
  days.match = Days::Match::kEither;
  EXPECT_EQ(may(days), bits_of_range(3, 31, 7) | Bits{1} << 4);
  days.match = Days::Match::kEvery;
  EXPECT_EQ(may(days), bits_of_range(1, 31));
}

}  // namespace
}  // namespace holdfast::schedule
