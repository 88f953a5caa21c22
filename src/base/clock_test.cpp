#include "base/clock.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

const WallTime kTime = parse_basic_iso("20261122T143120Z");

TEST(Times, AreWrittenInEveryForm) {
  WallTime time = kTime + 7ms;
  EXPECT_EQ(format_rfc3339(time), "2026-11-22T14:31:20Z");
  EXPECT_EQ(format_http_date(time), "Sun, 22 Nov 2026 14:31:20 GMT");
  EXPECT_EQ(format_compact(time), "20261122143120");
  EXPECT_EQ(format_basic_iso(time), "20261122T143120Z");
  EXPECT_EQ(format_iso_millis(time), "2026-11-22T14:31:20.007Z");
}

TEST(Times, OutsideTheYears0To9999CannotOccur) {
  EXPECT_EQ(format_rfc3339(WallTime::max()).substr(0, 5), "2262-");
  EXPECT_EQ(format_rfc3339(WallTime::min()).substr(0, 5), "1677-");
}

TEST(Times, BeforeTheEpochAreWrittenRight) {
  EXPECT_EQ(format_iso_millis(WallTime() - 1ms), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_http_date(WallTime() - 1s), "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST(Times, EveryFormIsReadBack) {
  EXPECT_EQ(parse_rfc3339(format_rfc3339(kTime)), kTime);
  EXPECT_EQ(parse_rfc3339(format_iso_millis(kTime + 7ms)), kTime + 7ms);
  EXPECT_EQ(parse_http_date(format_http_date(kTime)), kTime);
  EXPECT_EQ(parse_compact(format_compact(kTime)), kTime);
  EXPECT_EQ(parse_basic_iso(format_basic_iso(kTime)), kTime);
}

TEST(Times, Rfc3339OffsetsAndFractions) {
  EXPECT_EQ(parse_rfc3339("2026-11-22T15:31:20+01:00"), kTime);
  EXPECT_EQ(parse_rfc3339("2026-11-22T09:01:20-05:30"), kTime);
  EXPECT_EQ(parse_rfc3339("2026-11-23T00:31:20+10:00"), kTime);
  EXPECT_EQ(parse_rfc3339("2026-11-22T14:31:20.5Z"), kTime + 500ms);
  EXPECT_EQ(parse_rfc3339("2026-11-22T14:31:20.000000001Z"), kTime + 1ns);
  EXPECT_EQ(parse_rfc3339("2026-11-22T14:31:20.0000000019999Z"), kTime + 1ns);
}

TEST(Times, Rfc3339RefusesEverythingElse) {
  for (const char* bad :
       {"", "2026-11-22", "2026-11-22T14:31:20", "2026-11-22 14:31:20Z", "2026-11-22t14:31:20z",
        "2026-11-22T14:31:20.Z", "2026-11-22T14:31:20+0100", "2026-11-22T14:31:20+24:00",
        "2026-11-22T14:31:20+01:60", "2026-11-22T14:31:20ZZ", "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T14:60:00Z",
        "2026-11-22T14:31:61Z", "26-11-22T14:31:20Z", "+026-11-22T14:31:20Z"}) {
    EXPECT_THROW(parse_rfc3339(bad), InvalidArgument) << bad;
  }
}

TEST(Times, HttpDateRefusesOtherFormsAndZones) {
  for (const char* bad : {"", "Sunday, 22-Nov-26 14:31:20 GMT", "Sun Nov 22 14:31:20 2026",
                          "Sun, 22 Nov 2026 14:31:20 UTC", "Sun, 22 Nov 2026 14:31:20 +0000",
                          "Sun, 2 Nov 2026 14:31:20 GMT", "sun, 22 Nov 2026 14:31:20 GMT",
                          "Sun, 22 Nov 2026 14:31:20 GMT ", "Sun, 31 Nov 2026 14:31:20 GMT"}) {
    EXPECT_THROW(parse_http_date(bad), InvalidArgument) << bad;
  }
}

TEST(Times, CompactAndBasicRefuseOtherLengths) {
  for (const char* bad : {"", "2026112214312", "202611221431200", "20261122T14312",
                          "2026-1122143120", "20261122143120Z", "20261131143120"}) {
    EXPECT_THROW(parse_compact(bad), InvalidArgument) << bad;
    EXPECT_THROW(parse_basic_iso(bad), InvalidArgument) << bad;
  }
}

TEST(Times, ALeapSecondIsTheNextSecond) {
  EXPECT_EQ(format_compact(parse_compact("20161231235960")), "20170101000000");
}

// Years that 64 bits of nanoseconds cannot hold would come out as another time.
TEST(Times, YearsBeyondTheRangeAreRefused) {
  for (const char* bad : {"0000-01-01T00:00:00Z", "1677-12-31T23:59:59Z", "2262-01-01T00:00:00Z",
                          "9999-12-31T23:59:59Z"}) {
    EXPECT_THROW(parse_rfc3339(bad), InvalidArgument) << bad;
  }
  EXPECT_EQ(format_rfc3339(parse_rfc3339("1678-01-01T00:00:00+23:59")), "1677-12-31T00:01:00Z");
  EXPECT_EQ(format_rfc3339(parse_rfc3339("2261-12-31T23:59:59-23:59")), "2262-01-01T23:58:59Z");
}

TEST(Times, AnErrorShowsAtMostTheBeginningOfTheText) {
  try {
    parse_compact(std::string(10'000, 'x'));
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_LT(error.to_string().size(), 200u);
  }
}

TEST(FakeClock, MovesOnlyWhenTold) {
  FakeClock clock(kTime);
  SteadyTime start = clock.steady();
  EXPECT_EQ(clock.now(), kTime);
  clock.advance(90min);
  EXPECT_EQ(clock.now(), kTime + 90min);
  EXPECT_EQ(clock.steady() - start, 90min);
}

TEST(FakeClock, JumpsTheWallAlone) {
  FakeClock clock(kTime);
  SteadyTime start = clock.steady();
  clock.jump_wall(-24h);
  EXPECT_EQ(clock.now(), kTime - 24h);
  EXPECT_EQ(clock.steady(), start);
}

TEST(FakeClock, AWaitEndsAtOnceAtItsEnd) {
  FakeClock clock(kTime);
  std::mutex mutex;
  std::condition_variable condition;
  std::unique_lock lock(mutex);
  SteadyTime until = clock.steady() + 5min;
  clock.wait(lock, condition, until);
  EXPECT_EQ(clock.steady(), until);
  EXPECT_EQ(clock.now(), kTime + 5min);
  clock.wait(lock, condition, until + -1min);
  EXPECT_EQ(clock.steady(), until);
}

TEST(SystemClock, RunsForwardAndDoesNotWaitForThePast) {
  Clock& clock = system_clock();
  SteadyTime first = clock.steady();
  std::mutex mutex;
  std::condition_variable condition;
  std::unique_lock lock(mutex);
  clock.wait(lock, condition, first + -1h);
  clock.wait(lock, condition, first + 1us);
  EXPECT_GE(clock.steady(), first);
  EXPECT_GT(clock.now(), parse_compact("20240101000000"));
}

}  // namespace
}  // namespace holdfast
