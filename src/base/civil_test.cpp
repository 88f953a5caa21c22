#include "base/civil.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast {
namespace {

using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;

TEST(Civil, agrees_with_chrono_on_every_day_from_1500_to_2500) {
  using namespace std::chrono;
  for (auto day = local_days(1500y / January / 1); day < local_days(2500y / January / 1);
       day += days(1)) {
    year_month_day date(day);
    Civil civil = civil_of(local_seconds(day));
    ASSERT_EQ(civil,
              (Civil{int(date.year()), int(unsigned(date.month())), int(unsigned(date.day()))}));
    ASSERT_EQ(time_of(civil), local_seconds(day));
    ASSERT_EQ(weekday_of(local_seconds(day)), int(weekday(day).c_encoding()));
    ASSERT_EQ(days_in_month(civil.year, civil.month),
              int(unsigned((date.year() / date.month() / last).day())));
  }
}

TEST(Civil, reads_the_time_of_day_also_before_1970) {
  EXPECT_EQ(civil_of(local_seconds(seconds(-1))), (Civil{1969, 12, 31, 23, 59, 59}));
  EXPECT_EQ(civil_of(local_seconds(seconds(1700000000))), (Civil{2023, 11, 14, 22, 13, 20}));
  EXPECT_EQ(weekday_of(local_seconds(seconds(-1))), 3);
}

TEST(Civil, carries_fields_that_are_out_of_range) {
  EXPECT_EQ(civil_of(time_of({2026, 2, 31})), (Civil{2026, 3, 3}));
  EXPECT_EQ(civil_of(time_of({2026, 14, 1})), (Civil{2027, 2, 1}));
  EXPECT_EQ(civil_of(time_of({2026, -1, 0, 0, 0, -1})), (Civil{2025, 10, 30, 23, 59, 59}));
  EXPECT_EQ(civil_of(time_of({2026, 1, 1, 24, 60, 60})), (Civil{2026, 1, 2, 1, 1, 0}));
}

TEST(Civil, goes_far_beyond_the_years_of_chrono) {
  for (std::int64_t year : {-97973LL, -1LL, 0LL, 40000LL, 2147485547LL, -2147481748LL}) {
    Civil civil{year, 2, 28, 1, 2, 3};
    EXPECT_EQ(civil_of(time_of(civil)), civil);
  }
}

TEST(Civil, is_written_by_a_format) {
  EXPECT_EQ(format_civil({2021, 2, 6, 3, 4, 5}, "%Y%m%d-%H%M"), "20210206-0304");
  EXPECT_EQ(format_civil({2024, 12, 31, 0, 0, 0}, "%j %a"), "366 Tue");
  EXPECT_THROW(format_civil({}, ""), InvalidArgument);
  EXPECT_THROW(format_civil({}, std::string(300, 'x')), InvalidArgument);
}

}  // namespace
}  // namespace holdfast
